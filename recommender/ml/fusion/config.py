"""Settings of the fusion's parts; nothing here imports what serving does not need."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RidgeConfig:
    """Settings of the kernel ridge regression, whose memory is 4 * n² bytes for n documents or features.

    Up to `max_documents` training documents are solved in their dual form, more of them over the `max_features` most
    frequent features. Only the `max_labels` most used tags have a regression, none where more than `most_labels` are
    in use; `max_entries` bounds their weights.
    """

    penalty: float = 0.3
    max_documents: int = 22_000
    max_features: int = 16_000
    max_labels: int = 8_000
    most_labels: int = 20_000
    max_entries: int = 12_000_000
    smallest_weight: float = 0.01


@dataclass(frozen=True)
class EmbeddingConfig:
    """Settings of what is learnt on vectors of the optional encoder: a regression with the kernel
    exp(`sharpness` * (cosine - 1)) over `landmarks` documents.
    """

    landmarks: int = 1024
    sharpness: float = 2.0
    penalty: float = 0.2


@dataclass(frozen=True)
class BoostingConfig:
    """Gradient boosting (Friedman, 2001) over histograms; each split sees a share of the features."""

    n_trees: int = 200
    learning_rate: float = 0.05
    leaves: int = 16
    smallest_leaf: int = 30
    l2: float = 10.0
    feature_share: float = 0.6
