"""Updates a trained ranker with what is new, instead of training it anew (a warm start from its parent)."""

from dataclasses import replace
from typing import Any

from recommender.ml.calibration import Calibration
from recommender.ml.errors import ParentUnfit
from recommender.ml.parts import ModelParts, Obstacle, TrainingTask
from recommender.ml.ranker import Ranker
from recommender.ml.recipes import Recipe, recipe_named
from recommender.ml.settings_json import config_as_json
from recommender.ml.training import TrainedRanker, calibrated_on_dev, check_examples


def update_obstacle(parent: TrainedRanker, recipe: str, task: TrainingTask) -> Obstacle | None:
    """Why the parent cannot be updated to what the task asks for; None where it can."""
    if recipe != parent.recipe:
        return "recipe"
    if _lasting(task.config) != _lasting(parent.config):
        return "settings"
    own, wanted = parent.label_space, task.label_space
    if wanted.tag_ids[: own.n_labels] != own.tag_ids or wanted.selection_mode != own.selection_mode:
        return "labels"
    return recipe_named(recipe).obstacle(task, parent.parts)


def update_ranker(parent: TrainedRanker, task: TrainingTask) -> TrainedRanker:
    """The parent with what `task.train` has that is new, old labels in their columns, calibrated on dev.

    `task.replay` says what the parent has seen; of that, a sample is learnt from again where learning is dear. Equal
    parent, task and seed give an equal bundle, provided that the parent comes from a bundle. Raises ParentUnfit where
    there is an obstacle, ValueError without `task.replay`.
    """
    if task.replay is None:
        raise ValueError("the task does not say what the parent has seen")
    obstacle = update_obstacle(parent, parent.recipe, task)
    if obstacle is not None:
        raise ParentUnfit(f"the parent cannot be updated ({obstacle}); train in full")
    check_examples(task.train, task.dev, task.label_space)
    recipe = recipe_named(parent.recipe)
    parts = recipe.update(task, replace(parent.parts, calibration=parent.calibration))
    return _trained(recipe, parts, task)


def _trained(recipe: Recipe, parts: ModelParts, task: TrainingTask) -> TrainedRanker:
    space = task.label_space
    scorer = recipe.scorer(parts, n_labels=space.n_labels, threads=task.config.threads)
    calibration: Calibration = parts.calibration or calibrated_on_dev(scorer, _not_learnt(task))
    ranker = Ranker(label_space=space, recipe=recipe.name, scorer=scorer, calibration=calibration)
    texts = tuple(task.tag_texts)
    return TrainedRanker(
        ranker, parts, calibration, space, recipe.name, task.config, task.seed, len(task.train), texts
    )  # fmt: skip


def _not_learnt(task: TrainingTask) -> TrainingTask:
    """The task without the dev examples that the parent has learnt from."""
    assert task.replay is not None
    return replace(task, dev=[example for example in task.dev if example not in task.replay.learnt])


def _lasting(config: Any) -> dict[str, Any]:
    """The settings that change what is learnt; the number of threads does not."""
    return {name: value for name, value in config_as_json(config).items() if name != "threads"}
