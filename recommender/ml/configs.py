"""The settings of every recipe and part as frozen dataclasses; the admin's form and `--config` are made of them."""

from dataclasses import dataclass, field, fields
from typing import Literal

from recommender.ml.features import FeatureLimits, Weighting
from recommender.ml.fusion.config import BoostingConfig, EmbeddingConfig, RidgeConfig
from recommender.ml.skipgram import SkipgramConfig

Embeddings = Literal["tuned", "frozen"]


@dataclass(frozen=True)
class LogisticConfig:
    """Settings of `tfidf-logreg`.

    Only as many tags have a regression, the most used ones, as tags × documents stays within `max_cells`; the others
    are ranked by how often they are used. With exactly one right tag the limit means nothing.

    `loss` "squared-hinge" makes a linear support vector machine of each tag's regression; `inverse_regularisation` is
    its C then, for which 1 is a good value. `passes` and `min_updates` are of "log" alone.
    """

    max_tokens: int = 2000
    max_words: int = 100_000
    max_pairs: int = 100_000
    min_word_documents: int = 1
    min_pair_documents: int = 2
    title_weight: float = 2.0
    weighting: Weighting = "tf-idf"
    loss: Literal["log", "squared-hinge"] = "log"
    inverse_regularisation: float = 10.0
    passes: int = 5
    min_updates: int = 50_000
    smallest_coefficient: float = 0.05
    max_cells: int = 50_000_000
    threads: int = 2


@dataclass(frozen=True)
class NetworkConfig:
    """Settings of `fasttext-cnn-mlp`; `hidden_sizes` (128, 64) with `output_sees_bag` off is the narrow head.

    Where several tags may be right, `loss` is "binary", "focal" (with `focusing`) or "asymmetric" (with
    `positive_focusing`, `negative_focusing` and `clip`); for exactly one tag it is softmax with `temperature` and
    `label_smoothing`. `weighting` of the bag is "tf-idf" or "sif". `embeddings` are "tuned" with the classifier or
    "frozen". `hierarchy_weight` above 0 holds the vector of a broader tag near the mean of its narrower ones. `head`
    "two-stage" scores only the tags in the best `picked_clusters` clusters of a text, where there are more than 500.
    """

    max_tokens: int = 2000
    sequence_tokens: int = 256
    max_words: int = 60_000
    max_pairs: int = 60_000
    min_word_documents: int = 2
    min_pair_documents: int = 2
    title_weight: float = 2.0
    embedding_dim: int = 256
    skipgram: SkipgramConfig = field(default_factory=SkipgramConfig)
    filter_widths: tuple[int, ...] = (1, 3, 5)
    n_filters: int = 128
    hidden_sizes: tuple[int, ...] = (1024,)
    output_sees_bag: bool = True
    dropout: float = 0.4
    bag_dropout: float = 0.3
    feature_dropout: float = 0.3
    loss: Literal["binary", "focal", "asymmetric"] = "binary"
    focusing: float = 2.0
    positive_focusing: float = 0.0
    negative_focusing: float = 4.0
    clip: float = 0.05
    temperature: float = 1.0
    label_smoothing: float = 0.1
    weighting: Literal["tf-idf", "sif"] = "tf-idf"
    embeddings: Embeddings = "tuned"
    hierarchy_weight: float = 0.0
    head: Literal["wide", "two-stage"] = "wide"
    picked_clusters: int = 16
    learning_rate: float = 2e-3
    embedding_learning_rate: float = 1e-3
    weight_decay: float = 0.01
    batch_size: int = 128
    min_steps: int = 500
    epochs: int = 6
    patience: int = 2
    threads: int = 2


@dataclass(frozen=True)
class TwoTowersConfig:
    """Settings of the two towers; `embeddings` are "tuned" or "frozen", `word_dropout` is of the tags' words."""

    max_tokens: int = 2000
    max_words: int = 60_000
    min_word_documents: int = 1
    title_weight: float = 2.0
    skipgram: SkipgramConfig = field(default_factory=SkipgramConfig)
    embeddings: Embeddings = "tuned"
    word_dropout: float = 0.2
    temperature: float = 0.05
    learning_rate: float = 1e-3
    batch_size: int = 256
    min_steps: int = 400
    epochs: int = 5
    threads: int = 2


@dataclass(frozen=True)
class TransformerConfig:
    """Settings of the optional text encoder; `source` is a folder or a package with a BERT checkpoint, "" is none.

    `pooling` is "mean" or "cls"; `fine_tune` is "frozen", "contrastive" or "tags", and the settings after it
    are of the tuning alone. `quantised` stores weights in 8 bits.
    """

    source: str = ""
    max_tokens: int = 128
    pooling: Literal["mean", "cls"] = "mean"
    quantised: bool = True
    fine_tune: Literal["frozen", "contrastive", "tags"] = "frozen"
    tuning_tokens: int = 64
    epochs: int = 1
    batch_size: int = 32
    learning_rate: float = 2e-5
    temperature: float = 0.05
    threads: int = 2


@dataclass(frozen=True)
class JoinedNetworkConfig(NetworkConfig):
    """Settings of the network inside the fusion: smaller tables, for it shares its bundle with other sources.

    It reads as many tokens and takes as many threads as the fusion, passes over train `epochs` times and has no
    patience, for it never looks at dev.
    """

    max_words: int = 30_000
    max_pairs: int = 30_000
    skipgram: SkipgramConfig = field(default_factory=lambda: SkipgramConfig(buckets=20_000))


@dataclass(frozen=True)
class FusionConfig:
    """Settings of `fusion`.

    Dev teaches how to weigh the sources, and with fewer than `enough_dev_documents` there also `crossfit_folds` of
    train (at most `crossfit_documents` in all); a pair of dev counts `dev_weight` times. `search` tries penalties of
    the regression on dev. `label_trees` is "auto" (where not every tag has a regression), "yes" or "no".
    `network` is "auto" (with `network_dev_documents` in dev and at most `network_labels` tags in use), "yes" or "no";
    where it joins, the trees learn from dev alone, for no fold of train trains a network of its own.
    `weighting` of a document's words "textrank" is TF-IDF times the square root of TextRank. An `encoder` that has a
    source is one source more (with the settings `embedding`), and so are the `two_towers`.
    """

    max_tokens: int = 2000
    max_words: int = 150_000
    max_pairs: int = 150_000
    min_word_documents: int = 1
    min_pair_documents: int = 2
    title_weight: float = 2.0
    weighting: Weighting = "tf-idf"
    ridge: RidgeConfig = field(default_factory=RidgeConfig)
    features_a_document: int = 64
    label_trees: Literal["auto", "yes", "no"] = "auto"
    network: Literal["auto", "yes", "no"] = "auto"
    network_config: JoinedNetworkConfig = field(default_factory=JoinedNetworkConfig)
    network_dev_documents: int = 1_500
    network_labels: int = 2_000
    enough_dev_documents: int = 1_500
    crossfit_folds: int = 4
    crossfit_documents: int = 6_000
    dev_weight: float = 3.0
    boosting: BoostingConfig = field(default_factory=BoostingConfig)
    search: bool = True
    encoder: TransformerConfig = field(default_factory=TransformerConfig)
    embedding: EmbeddingConfig = field(default_factory=EmbeddingConfig)
    two_towers: Literal["yes", "no"] = "no"
    threads: int = 2


@dataclass(frozen=True)
class AutoConfig:
    """Settings of `auto`: what it starts from; `encoder` is the source of a TransformerConfig, "" is none."""

    fusion: FusionConfig = field(default_factory=FusionConfig)
    encoder: str = ""
    threads: int = 2


def feature_limits(config: LogisticConfig | NetworkConfig | FusionConfig) -> FeatureLimits:
    return FeatureLimits(**{f.name: getattr(config, f.name) for f in fields(FeatureLimits)})
