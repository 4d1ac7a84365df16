"""The recipes by name: how they train (imported on use) and how they are served."""

from collections.abc import Mapping
from typing import Any, Protocol

from recommender.ml.configs import AutoConfig, FusionConfig, LogisticConfig, NetworkConfig
from recommender.ml.errors import RecipeUnknown
from recommender.ml.parts import ModelParts, Obstacle, Scorer, TrainingTask
from recommender.ml.settings_json import built


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
        """Train again on more documents, without a dev part; `fitted` is what `fit` or `update` made.

        With `task.replay` it is a warm start where that is quicker.
        """
        ...

    def obstacle(self, task: TrainingTask, parent: ModelParts) -> Obstacle | None:
        """Why `update` cannot be used for this task; None where it can. Takes no time."""
        ...

    def update(self, task: TrainingTask, parent: ModelParts) -> ModelParts:
        """Take over from `parent` what is dear to learn, and learn what the task has beyond `task.replay`."""
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

    def obstacle(self, task: TrainingTask, parent: ModelParts) -> Obstacle | None:
        return "anew"

    def update(self, task: TrainingTask, parent: ModelParts) -> ModelParts:
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
        return self.fit(task) if task.replay is None else self.update(task, fitted)

    def obstacle(self, task: TrainingTask, parent: ModelParts) -> Obstacle | None:
        return None

    def update(self, task: TrainingTask, parent: ModelParts) -> ModelParts:
        from recommender.ml.network_updating import update

        return update(task, parent)

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

    def obstacle(self, task: TrainingTask, parent: ModelParts) -> Obstacle | None:
        from recommender.ml.fusion.updating import obstacle

        return obstacle(task, parent)

    def update(self, task: TrainingTask, parent: ModelParts) -> ModelParts:
        from recommender.ml.fusion.updating import update

        return update(task, parent)

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

    def obstacle(self, task: TrainingTask, parent: ModelParts) -> Obstacle | None:
        from recommender.ml.auto import obstacle

        return obstacle(task, parent)

    def update(self, task: TrainingTask, parent: ModelParts) -> ModelParts:
        from recommender.ml.auto import update

        return update(task, parent)

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
    return built(recipe_named(recipe).config_type, settings)
