"""A warm start of the network: words, pairs and tags are appended, new documents learnt beside a replay of old ones.

Embeddings and classifier move together, from where the parent left them, for a few passes at a lower rate.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from recommender.ml.configs import NetworkConfig, feature_limits
from recommender.ml.examples import FloatArray, IntArray, label_counts
from recommender.ml.features import FeatureSpace, grown_feature_space, places_in
from recommender.ml.network import TagNetwork
from recommender.ml.network_batches import batch_of
from recommender.ml.network_filters import filters_of
from recommender.ml.network_graph import weights_of
from recommender.ml.network_scorer import HEAD, unit
from recommender.ml.network_start import weighted
from recommender.ml.network_training import Corpus, encoded, network_parts, new_network, prior_logits, train_network
from recommender.ml.network_two_stage import output_layer
from recommender.ml.parts import ModelParts, TrainingTask, feature_space, tokenised
from recommender.ml.skipgram import WordVectors
from recommender.ml.subwords import Subwords

_EPOCHS, _LEAST_STEPS_SHARE = 2, 0.2
_RATE_SHARE = 0.5  # of the learning rates
_EXAMPLES_OF_TAG, _EXAMPLES_OF_ALL = 50, 400


def update(task: TrainingTask, parent: ModelParts) -> ModelParts:
    """Take the parent a little further; `task.replay` says what it has learnt. Raises ValueError without that."""
    if task.replay is None:
        raise ValueError("the task does not say what the parent has learnt")
    rows = task.replay.rows(task.train, task.label_space.n_labels, seed=task.seed)
    lesson = replace(
        task,
        train=[task.train[row] for row in rows],
        dev=task.replay.unseen(task.dev),
        config=_slower(task.config),
    )
    corpus = _grown_corpus(lesson, parent, n_documents=len(task.train))
    vectors = _vectors(parent, corpus)
    network = new_network(task, corpus, vectors)
    _take_over(network, task, parent, corpus.space)
    _imprint(network, lesson, corpus, _new_labels(task))
    n_passes = train_network(lesson, network, corpus)
    return network_parts(task, network, corpus, vectors, n_passes)


def _slower(config: NetworkConfig) -> NetworkConfig:
    return replace(
        config,
        epochs=_EPOCHS,
        min_steps=round(config.min_steps * _LEAST_STEPS_SHARE),
        learning_rate=config.learning_rate * _RATE_SHARE,
        embedding_learning_rate=config.embedding_learning_rate * _RATE_SHARE,
    )


def _grown_corpus(lesson: TrainingTask, parent: ModelParts, *, n_documents: int) -> Corpus:
    config: NetworkConfig = lesson.config
    train, dev = (tokenised(part, config.max_tokens, lesson.on_progress) for part in (lesson.train, lesson.dev))
    known = feature_space(parent)
    space = grown_feature_space(known, train, feature_limits(config), n_documents=n_documents)
    idf = weighted(space, train, config.weighting).idf.copy()
    idf[places_in(known, space)] = known.idf
    seen = {word for tokens in (*train, *dev) for word in (*tokens.title, *tokens.body)}
    return Corpus(train, dev, replace(space, idf=idf), tuple(sorted(seen - set(space.words))))


def _vectors(parent: ModelParts, corpus: Corpus) -> WordVectors:
    """Those of the parent; words that are new to it have the mean of their subwords, as when it serves."""
    table = np.asarray(parent.tensors["subwords"], np.float32)
    subwords = Subwords(int(parent.settings["shortest_subword"]), int(parent.settings["longest_subword"]), table)
    known = np.asarray(parent.tensors["vectors"], np.float32)
    new = [subwords.vector(word) for word in corpus.vector_words[len(known) :]]
    stacked = np.stack(new) if new else np.empty((0, known.shape[1]), np.float32)
    return WordVectors(np.concatenate([known, unit(stacked)]), table)


def _take_over(network: TagNetwork, task: TrainingTask, parent: ModelParts, space: FeatureSpace) -> None:
    """The parent's weights in their places; what is new keeps its start."""
    filters, head = zip(*filters_of(parent.tensors), strict=True), weights_of(parent.graphs[HEAD])
    temperature = task.config.temperature if task.label_space.selection_mode == "one" else 1.0
    weight, bias = output_layer(parent.tensors) or (head["out_weight"], head["out_bias"])
    places = torch.from_numpy(places_in(feature_space(parent), space))
    with torch.no_grad():
        network.embedding.weight[places] = torch.from_numpy(np.asarray(parent.tensors["embedding"], np.float32))
        for layer, (weights, biases) in zip(network.convolutions, filters, strict=True):
            _fill(layer, weights, biases)
        _fill(network.norm, head["scale"], head["shift"])
        for i, layer in enumerate(network.hidden):
            _fill(layer, head[f"h{i}_weight"], head[f"h{i}_bias"])
        network.output.weight[: len(bias)] = torch.from_numpy(weight * np.float32(temperature))
        network.output.bias[: len(bias)] = torch.from_numpy(bias * np.float32(temperature))


def _fill(layer: nn.Module, weight: FloatArray, bias: FloatArray) -> None:
    for name, values in (("weight", weight), ("bias", bias)):
        layer.get_parameter(name).copy_(torch.from_numpy(values))


def _new_labels(task: TrainingTask) -> IntArray:
    """Labels that documents bear now, and none bore that the parent has learnt."""
    assert task.replay is not None
    n_labels = task.label_space.n_labels
    old = label_counts([example for example in task.train if example in task.replay.learnt], n_labels)
    return np.flatnonzero((label_counts(task.train, n_labels) > 0) & (old == 0)).astype(np.int64)


def _imprint(network: TagNetwork, lesson: TrainingTask, corpus: Corpus, labels: IntArray) -> None:
    """New tags start at what their documents show the output layer, less what all documents show it.

    Imprinted weights (Qi, Brown and Lowe, CVPR 2018), as long as those of other tags; a common document starts at the
    tag's base rate.
    """
    if len(labels) == 0:
        return
    common = _mean_input(network, lesson, corpus, np.arange(len(lesson.train)), _EXAMPLES_OF_ALL)
    weight, priors = network.output.weight, prior_logits(lesson)
    others = np.setdiff1d(np.arange(len(priors)), labels)
    length = float(weight[others].detach().norm(dim=1).median()) if len(others) else 1.0
    for label in labels.tolist():
        bearing = np.array([row for row, example in enumerate(lesson.train) if label in example.labels], np.int64)
        own = _mean_input(network, lesson, corpus, bearing, _EXAMPLES_OF_TAG) - common
        row = own * (length / max(float(own.norm()), 1e-9))
        with torch.no_grad():
            weight[label] = row
            network.output.bias[label] = float(priors[label]) - float(row @ common)


def _mean_input(network: TagNetwork, lesson: TrainingTask, corpus: Corpus, rows: IntArray, most: int) -> torch.Tensor:
    """Mean of what the output layer sees of evenly spread documents among these, shape (n_inputs,)."""
    chosen = rows[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(np.int64))]
    documents = encoded([corpus.train[row] for row in chosen], corpus, lesson.config)
    inputs: list[torch.Tensor] = []
    hook = network.output.register_forward_pre_hook(lambda _layer, seen: inputs.append(seen[0]))
    network.eval()
    try:
        with torch.no_grad():
            for document in documents:
                network(batch_of([document], len(corpus.vector_words)))
    finally:
        hook.remove()
    return torch.cat(inputs).mean(dim=0)
