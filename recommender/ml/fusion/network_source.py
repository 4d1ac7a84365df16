"""The network as one source of the fusion: when it joins, how it is trained, what it scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recommender.ml.configs import FusionConfig
from recommender.ml.examples import IntArray, label_counts
from recommender.ml.fusion.pair_table import Document
from recommender.ml.fusion.scores import Scores
from recommender.ml.network_scorer import TAG_VECTORS, NetworkScorer
from recommender.ml.parts import ModelParts, OnProgress, TrainingTask, inner, nested
from recommender.ml.tag_texts import TagText

NETWORK = "network"
_LABELS = "labels"


@dataclass(frozen=True)
class NetworkReader:
    """Logits of the labels that had a document when the network was trained."""

    scorer: NetworkScorer
    labels: IntArray  # (n_known,) ascending

    @classmethod
    def of_parts(cls, parts: ModelParts, n_labels: int, threads: int) -> "NetworkReader | None":
        """From the parts of a fusion; None where no network is among them."""
        own = inner(parts, NETWORK)
        if own is None:
            return None
        return cls(NetworkScorer(own, n_labels, threads), np.array(own.tensors[_LABELS], np.int64))

    def scores(self, documents: Sequence[Document]) -> Mapping[str, Scores]:
        """See Reader."""
        logits = self.scorer.logits_of([document.tokens for document in documents])
        return {NETWORK: Scores(logits[:, self.labels], self.labels, positive_only=False)}

    def with_tags(self, tag_texts: Sequence[TagText]) -> "NetworkReader":
        """As it is: it knows tags by their documents alone."""
        return self


def network_reason(config: FusionConfig, *, n_dev_documents: int, n_used_labels: int) -> str | None:
    """Why the network does not join, None where it does; counts are of documents that bear a tag."""
    if config.network != "auto":
        return None if config.network == "yes" else "the settings leave it out"
    if n_dev_documents < config.network_dev_documents:
        return (
            f"{n_dev_documents} dev documents are too few to learn how to weigh it; "
            f"{config.network_dev_documents} are wanted"
        )
    if n_used_labels > config.network_labels:
        return f"{n_used_labels} tags in use; it joins for at most {config.network_labels}"
    return None


def fit_network(task: TrainingTask, on_progress: OnProgress, parent: ModelParts | None = None) -> ModelParts:
    """Train the network on the task's train part alone and give it as parts of the fusion.

    It takes a fixed number of passes and never looks at dev, so that dev's pairs show it as later documents will. With
    `task.replay` it starts from the network of `parent`.
    """
    config: FusionConfig = task.config
    own = replace(config.network_config, max_tokens=config.max_tokens, threads=config.threads)
    parts = _fitted(replace(task, dev=(), config=own, n_passes=None, on_progress=on_progress), parent)
    labels = np.flatnonzero(label_counts(task.train, task.label_space.n_labels) > 0).astype(np.int32)
    tensors = {name: values for name, values in parts.tensors.items() if name != TAG_VECTORS}
    return nested(replace(parts, tensors=tensors | {_LABELS: labels}), NETWORK)


def _fitted(task: TrainingTask, parent: ModelParts | None) -> ModelParts:
    known = None if parent is None or task.replay is None else inner(parent, NETWORK)
    if known is not None:
        from recommender.ml.network_updating import update

        return update(task, known)
    from recommender.ml.network_training import fit

    return fit(task)
