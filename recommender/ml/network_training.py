"""Recipe `fasttext-cnn-mlp`: vectors first, then the joint training with early stopping, then ONNX."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from recommender.ml.configs import NetworkConfig, feature_limits
from recommender.ml.examples import FloatArray, IntArray, label_counts, label_matrix
from recommender.ml.features import FeatureSpace, fit_feature_space
from recommender.ml.highest import top_labels
from recommender.ml.metrics import ndcg_at_k
from recommender.ml.network import Dropout, Sizes, TagNetwork
from recommender.ml.network_batches import EncodedDocument, batch_of, batches
from recommender.ml.network_graph import head_graph
from recommender.ml.network_loss import Loss, hierarchy_loss, loss_for
from recommender.ml.network_scorer import HEAD, TAG_VECTORS, unit
from recommender.ml.network_start import first_vectors, tag_vectors, weighted
from recommender.ml.network_two_stage import SMALLEST_TWO_STAGE, two_stage_tensors
from recommender.ml.parts import ModelParts, TrainingTask, feature_parts, tokenised
from recommender.ml.settings_json import check_choices
from recommender.ml.skipgram import SkipgramConfig, WordVectors, train_word_vectors
from recommender.ml.text import Tokens, head_and_tail

_log = logging.getLogger(__name__)
_SMALLEST_RATE = 0.01
_SMALL_CORPUS_DOCUMENTS = 2000
_SMALL_CORPUS_TOKENS, _MOST_EPOCHS = 300_000, 30
_NOISE = 0.05  # standard deviation of the table's start around the words' vectors
_TAG_DIM = 128  # of the vectors that tell which tags are near
_VECTORS_SHARE = 0.2  # of the progress bar


@dataclass(frozen=True)
class Corpus:
    """Tokenised train and dev with the feature space, and the words that only the vectors know."""

    train: list[Tokens]
    dev: list[Tokens]
    space: FeatureSpace
    rare_words: tuple[str, ...]

    @property
    def vector_words(self) -> tuple[str, ...]:
        return self.space.words + self.rare_words


def fit(task: TrainingTask) -> ModelParts:
    """Train on the task's examples, stopping early on dev."""
    config: NetworkConfig = task.config
    check_choices(config)
    corpus = _corpus(task, config)
    vectors = _word_vectors(task, corpus)
    network = new_network(task, corpus, vectors)
    n_passes = train_network(task, network, corpus)
    return network_parts(task, network, corpus, vectors, n_passes)


def _corpus(task: TrainingTask, config: NetworkConfig) -> Corpus:
    train, dev = (tokenised(part, config.max_tokens, task.on_progress) for part in (task.train, task.dev))
    limits = replace(feature_limits(config), weighting="tf-idf")  # its own weighting comes on top
    if len(train) < _SMALL_CORPUS_DOCUMENTS:
        limits = replace(limits, min_word_documents=1)
    space = weighted(fit_feature_space(train, limits), train, config.weighting)
    seen = {word for tokens in (*train, *dev) for word in (*tokens.title, *tokens.body)}
    return Corpus(train, dev, space, tuple(sorted(seen - set(space.words))))


def _word_vectors(task: TrainingTask, corpus: Corpus) -> WordVectors:
    documents = [(*tokens.title, *tokens.body) for tokens in corpus.train]
    config = _fitting(task.config.skipgram, len(corpus.vector_words), sum(map(len, documents)))
    vectors = train_word_vectors(
        documents,
        corpus.vector_words,
        config,
        seed=task.seed,
        on_progress=lambda done: task.on_progress("learning word vectors", done * _VECTORS_SHARE),
    )
    return replace(vectors, words=unit(vectors.words))


def _fitting(config: SkipgramConfig, n_words: int, n_tokens: int) -> SkipgramConfig:
    """A small corpus fills few buckets, can spare no word, and needs more passes over the few it has."""
    return replace(
        config,
        buckets=min(config.buckets, 1000 + 10 * n_words),
        min_count=config.min_count if n_tokens >= _SMALL_CORPUS_TOKENS else 1,
        subsampling=max(config.subsampling, 10 / max(n_tokens, 1)),
        epochs=max(config.epochs, min(_MOST_EPOCHS, _SMALL_CORPUS_TOKENS // max(n_tokens, 1))),
    )


def new_network(task: TrainingTask, corpus: Corpus, vectors: WordVectors) -> TagNetwork:
    """The network as it starts: words at their vectors, outputs at the tags' base rates, the rest drawn."""
    config: NetworkConfig = task.config
    n_labels = task.label_space.n_labels
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(task.seed)
        network = TagNetwork(
            Sizes(
                max(corpus.space.n_features, 1),
                n_labels,
                config.embedding_dim,
                config.filter_widths,
                config.n_filters,
                config.hidden_sizes,
                config.output_sees_bag,
            ),
            vectors.words,
            Dropout(config.feature_dropout, config.bag_dropout, config.dropout),
        )
        tuned = config.embeddings == "tuned"
        if tuned:
            network.initialise(vectors.words[: corpus.space.n_words], prior_logits(task), noise=_NOISE)
        else:
            network.initialise(first_vectors(corpus.space, vectors.words), prior_logits(task), noise=0.0)
        network.embedding.weight.requires_grad_(tuned)
    return network


def prior_logits(task: TrainingTask) -> FloatArray:
    """Smoothed base rates of the labels in train as logits, shape (n_labels,)."""
    share = (label_counts(task.train, task.label_space.n_labels) + 0.5) / (len(task.train) + 1.0)
    logits: FloatArray = np.log(share / np.maximum(1.0 - share, 1e-6)).astype(np.float32)
    return logits


def encoded(documents: Sequence[Tokens], corpus: Corpus, config: NetworkConfig) -> list[EncodedDocument]:
    """Documents of the corpus, or others of its words, as the network takes them."""
    row_by_word = {word: row for row, word in enumerate(corpus.vector_words)}
    encoded = []
    for tokens in documents:
        words = head_and_tail((*tokens.title, *tokens.body), config.sequence_tokens)
        sequence = np.array([row_by_word[word] for word in words], np.int64)
        encoded.append(EncodedDocument(corpus.space.bag_of(tokens), sequence))
    return encoded


def train_network(task: TrainingTask, network: TagNetwork, corpus: Corpus) -> int:
    """Train on the task's examples, stopping early on dev; returns after how many passes the network was best there."""
    before = torch.get_num_threads()
    torch.set_num_threads(task.config.threads)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(task.seed)
            return _run_course(task, network, corpus)
    finally:
        torch.set_num_threads(before)


def _run_course(task: TrainingTask, network: TagNetwork, corpus: Corpus) -> int:
    config: NetworkConfig = task.config
    train, dev = (encoded(part, corpus, config) for part in (corpus.train, corpus.dev))
    padding = len(corpus.vector_words)
    course = _Course(task, network, train, padding)
    best = _Best(max(config.patience, course.n_epochs // 3))  # many short passes over few documents
    for epoch in range(task.n_passes or course.n_epochs):
        course.run_epoch(epoch)
        if dev and best.stop_after(network, _dev_ndcg(network, dev, task, padding)):
            break
    best.restore(network)
    return best.n_passes or course.n_epochs


class _Course:
    """The optimisers on their way down the learning rate, epoch by epoch."""

    def __init__(
        self, task: TrainingTask, network: TagNetwork, documents: Sequence[EncodedDocument], padding: int
    ) -> None:
        config: NetworkConfig = task.config
        self._task, self._network, self._documents, self._padding = task, network, documents, padding
        self._loss: Loss = loss_for(task.label_space.selection_mode, config)
        self._pull = hierarchy_loss(task.tag_texts, config.hierarchy_weight)
        self._order = np.random.default_rng(task.seed)
        self._dense = torch.optim.AdamW(
            network.dense_parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        self._sparse = torch.optim.SparseAdam([network.embedding.weight], config.embedding_learning_rate)
        self._batch_size = max(1, min(config.batch_size, len(documents) // 8))
        steps_an_epoch = -(-len(documents) // self._batch_size)
        self.n_epochs = max(config.epochs, -(-config.min_steps // steps_an_epoch))
        self._n_steps = self.n_epochs * steps_an_epoch
        self._step = 0

    def run_epoch(self, epoch: int) -> None:
        """One pass over the documents in a new order."""
        self._network.train()
        for rows in batches(self._documents, self._batch_size, self._order):
            self._set_rates()
            self._take_step(rows)
            done = _VECTORS_SHARE + (1 - _VECTORS_SHARE) * self._step / self._n_steps
            self._task.on_progress(f"training, epoch {epoch + 1} of {self.n_epochs}", min(done, 1.0))

    def _take_step(self, rows: IntArray) -> None:
        self._dense.zero_grad()
        self._sparse.zero_grad()
        logits = self._network(batch_of([self._documents[row] for row in rows], self._padding))
        loss = self._loss(logits, [self._task.train[row] for row in rows]) + self._pull(self._network.output.weight)
        loss.backward()  # type: ignore[no-untyped-call]
        self._dense.step()
        if self._network.embedding.weight.requires_grad:
            self._sparse.step()  # type: ignore[no-untyped-call]
        self._step += 1

    def _set_rates(self) -> None:
        config: NetworkConfig = self._task.config
        left = max(1.0 - self._step / self._n_steps, _SMALLEST_RATE)
        self._dense.param_groups[0]["lr"] = config.learning_rate * left
        self._sparse.param_groups[0]["lr"] = config.embedding_learning_rate * left


class _Best:
    """The weights that did best on dev so far."""

    def __init__(self, patience: int) -> None:
        self._patience, self._since, self._score = patience, 0, -1.0
        self.n_passes = 0
        self._weights: dict[str, torch.Tensor] = {}

    def stop_after(self, network: TagNetwork, score: float) -> bool:
        """Whether dev has not improved for longer than the patience."""
        _log.info("dev nDCG@5 %.4f", score)
        if score > self._score:
            self.n_passes += self._since + 1
            self._score, self._since = score, 0
            self._weights = {name: value.detach().clone() for name, value in network.state_dict().items()}
        else:
            self._since += 1
        return self._since > self._patience

    def restore(self, network: TagNetwork) -> None:
        if self._weights:
            network.load_state_dict(self._weights)


def _dev_ndcg(network: TagNetwork, documents: Sequence[EncodedDocument], task: TrainingTask, padding: int) -> float:
    network.eval()
    logits = np.empty((len(documents), task.label_space.n_labels), np.float32)
    by_length = np.argsort([len(document.sequence) for document in documents], kind="stable")
    with torch.no_grad():
        for start in range(0, len(documents), task.config.batch_size):
            rows = by_length[start : start + task.config.batch_size]
            logits[rows] = network(batch_of([documents[row] for row in rows], padding)).numpy()
    gold = label_matrix(task.dev, task.label_space.n_labels) > 0
    return float(np.nanmean(ndcg_at_k(gold, top_labels(logits, 5), 5))) if gold.any() else 0.0


def network_parts(
    task: TrainingTask, network: TagNetwork, corpus: Corpus, vectors: WordVectors, n_passes: int
) -> ModelParts:
    """What a bundle keeps of the trained network."""
    config: NetworkConfig = task.config
    one = task.label_space.selection_mode == "one"
    head = network.head_weights(config.temperature if one else 1.0)
    counts = label_counts(task.train, task.label_space.n_labels)
    n_pooled = config.n_filters * len(config.filter_widths)
    table = network.embedding.weight.detach().numpy()
    tensors = (
        feature_parts(corpus.space)
        | network.filter_tensors()
        | {
            "embedding": table.astype(np.float16),
            "vectors": vectors.words[: corpus.space.n_words].astype(np.float16),
            "subwords": vectors.subwords.astype(np.float16),
            TAG_VECTORS: tag_vectors(head.output.weight, counts, _TAG_DIM).astype(np.float16),
        }
    )
    in_two_stages = config.head == "two-stage" and len(counts) > SMALLEST_TWO_STAGE
    if in_two_stages:
        tensors |= two_stage_tensors(head.output, seed=task.seed)
    graph = head_graph(head, n_bag=config.embedding_dim, n_pooled=n_pooled, with_output=not in_two_stages)
    settings = {
        "title_weight": config.title_weight,
        "max_tokens": config.max_tokens,
        "sequence_tokens": config.sequence_tokens,
        "n_passes": n_passes,
        "picked_clusters": config.picked_clusters,
        "shortest_subword": config.skipgram.shortest_subword,
        "longest_subword": config.skipgram.longest_subword,
    }
    return ModelParts(settings, corpus.space.words, tensors, {HEAD: graph})
