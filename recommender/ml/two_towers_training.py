"""Trains the two towers: word vectors first, then in-batch softmax between texts and the words of their tags."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from recommender.ml.configs import TwoTowersConfig
from recommender.ml.errors import NotEnoughExamples
from recommender.ml.examples import Example, FloatArray, IntArray, label_counts
from recommender.ml.features import Bag, FeatureLimits, FeatureSpace, fit_feature_space, stacked
from recommender.ml.network_scorer import unit
from recommender.ml.parts import ModelParts, OnProgress, feature_parts, tokenised
from recommender.ml.settings_json import check_choices
from recommender.ml.skipgram import WordVectors, train_word_vectors
from recommender.ml.tag_texts import TagText, as_tokens
from recommender.ml.text import Tokens

_VECTORS_SHARE = 0.4  # of the progress
_NEVER = -1e9  # a logit that no sum notices, with slopes that are numbers
_SMALL_CORPUS_TOKENS, _MOST_EPOCHS = 300_000, 30


def fit_two_towers(
    config: TwoTowersConfig,
    examples: Sequence[Example],
    tag_texts: Sequence[TagText],
    on_progress: OnProgress,
    *,
    seed: int,
) -> ModelParts:
    """`tag_texts` has one entry a label; raises ConfigInvalid, NotEnoughExamples and VectorsFailed."""
    check_choices(config)
    if not any(example.labels for example in examples):
        raise NotEnoughExamples(f"none of {len(examples)} training documents bears a tag; tag some first")
    documents = tokenised(examples, config.max_tokens, on_progress)
    tags = [as_tokens(tag_text) for tag_text in tag_texts]
    space = _space([*documents, *tags], config)
    vectors = _word_vectors(space, [*documents, *tags], config, seed, on_progress)
    towers = _trained(config, space, vectors.words, documents, tags, examples, seed, on_progress)
    return _parts(config, space, vectors, towers)


class Towers(nn.Module):
    """One table and one projection for both sides; rows of length one, shape (n, dim)."""

    def __init__(self, word_vectors: FloatArray, *, tuned: bool) -> None:
        super().__init__()
        self.words = nn.EmbeddingBag.from_pretrained(torch.from_numpy(word_vectors), freeze=not tuned, mode="sum")
        self.projection = nn.Parameter(torch.eye(word_vectors.shape[1]))

    def forward(self, bags: Sequence[Bag], dropout: float = 0.0) -> torch.Tensor:
        flat = stacked(bags)
        weights = nn.functional.dropout(torch.from_numpy(flat.weights), dropout)
        means = self.words(torch.from_numpy(flat.features), torch.from_numpy(flat.offsets[:-1].copy()), weights)
        return nn.functional.normalize(means @ self.projection, dim=1)


def _space(documents: Sequence[Tokens], config: TwoTowersConfig) -> FeatureSpace:
    limits = FeatureLimits(config.max_words, 0, config.min_word_documents, 1, config.title_weight)
    return fit_feature_space(documents, limits)


def _word_vectors(
    space: FeatureSpace, documents: Sequence[Tokens], config: TwoTowersConfig, seed: int, on_progress: OnProgress
) -> WordVectors:
    sequences = [(*tokens.title, *tokens.body) for tokens in documents]
    n_tokens = sum(map(len, sequences))
    settings = replace(
        config.skipgram,
        min_count=config.skipgram.min_count if n_tokens >= _SMALL_CORPUS_TOKENS else 1,
        subsampling=max(config.skipgram.subsampling, 10 / max(n_tokens, 1)),
        epochs=max(config.skipgram.epochs, min(_MOST_EPOCHS, _SMALL_CORPUS_TOKENS // max(n_tokens, 1))),
    )
    vectors = train_word_vectors(
        sequences,
        space.words,
        settings,
        seed=seed,
        on_progress=lambda done: on_progress("learning word vectors", done * _VECTORS_SHARE),
    )
    return replace(vectors, words=unit(vectors.words))


def _trained(  # noqa: PLR0913 - all that a training run sees
    config: TwoTowersConfig,
    space: FeatureSpace,
    word_vectors: FloatArray,
    documents: Sequence[Tokens],
    tags: Sequence[Tokens],
    examples: Sequence[Example],
    seed: int,
    on_progress: OnProgress,
) -> Towers:
    before = torch.get_num_threads()
    torch.set_num_threads(config.threads)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            towers = Towers(word_vectors, tuned=config.embeddings == "tuned")
            course = _Course(config, towers, [space.bag_of(tokens) for tokens in tags], examples, seed)
            course.run([space.bag_of(tokens) for tokens in documents], on_progress)
    finally:
        torch.set_num_threads(before)
    return towers


class _Course:
    """Passes over pairs of a document and one of its tags."""

    def __init__(
        self, config: TwoTowersConfig, towers: Towers, tags: Sequence[Bag], examples: Sequence[Example], seed: int
    ) -> None:
        self._config, self._towers, self._tags, self._examples = config, towers, tags, examples
        counts = label_counts(examples, len(tags))
        self._log_shares = torch.from_numpy(np.log((counts + 1) / (counts.sum() + len(tags))).astype(np.float32))
        self._rng = np.random.default_rng(seed)
        learnt = [parameter for parameter in towers.parameters() if parameter.requires_grad]
        self._optimiser = torch.optim.AdamW(learnt, config.learning_rate, weight_decay=0.0)

    def run(self, documents: Sequence[Bag], on_progress: OnProgress) -> None:
        rows = np.flatnonzero([bool(example.labels) for example in self._examples])
        n_epochs = max(self._config.epochs, -(-self._config.min_steps * self._config.batch_size // len(rows)))
        batches = [batch for _ in range(n_epochs) for batch in self._batches(rows)]
        for step, batch in enumerate(batches):
            self._optimiser.param_groups[0]["lr"] = self._config.learning_rate * (1 - step / len(batches))
            self._take_step(batch, documents)
            on_progress("training the towers", _VECTORS_SHARE + (1 - _VECTORS_SHARE) * step / len(batches))

    def _batches(self, rows: IntArray) -> Iterator[IntArray]:
        shuffled = self._rng.permutation(rows)
        for start in range(0, len(shuffled), self._config.batch_size):
            yield shuffled[start : start + self._config.batch_size]

    def _take_step(self, batch: IntArray, documents: Sequence[Bag]) -> None:
        labels = [self._examples[row].labels for row in batch]
        candidates = sorted({label for each in labels for label in each})
        texts = self._towers([documents[row] for row in batch])
        tags = self._towers([self._tags[label] for label in candidates], self._config.word_dropout)
        logits = texts @ tags.T / self._config.temperature - self._log_shares[candidates]
        self._optimiser.zero_grad()
        _multi_positive_loss(logits, _gold(labels, candidates)).backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()


def _gold(labels: Sequence[Sequence[int]], candidates: Sequence[int]) -> torch.Tensor:
    return torch.tensor([[candidate in each for candidate in candidates] for each in map(set, labels)])


def _multi_positive_loss(logits: torch.Tensor, gold: torch.Tensor) -> torch.Tensor:
    """Softmax over the batch's tags, from which a text's other right tags are left out.

    The logits have the logarithm of each tag's share taken off, since frequent tags stand in more batches
    (Yi et al., RecSys 2019).
    """
    others = torch.logsumexp(logits.masked_fill(gold, _NEVER), dim=1, keepdim=True)
    each = torch.logaddexp(logits, others) - logits
    return each[gold].mean()


def _parts(config: TwoTowersConfig, space: FeatureSpace, vectors: WordVectors, towers: Towers) -> ModelParts:
    tensors = feature_parts(space) | {
        "vectors": towers.words.weight.detach().numpy().astype(np.float16),
        "projection": towers.projection.detach().numpy().astype(np.float32),
        "subwords": vectors.subwords.astype(np.float16),
    }
    settings = {
        "title_weight": config.title_weight,
        "max_tokens": config.max_tokens,
        "shortest_subword": config.skipgram.shortest_subword,
        "longest_subword": config.skipgram.longest_subword,
    }
    return ModelParts(settings, space.words, tensors)
