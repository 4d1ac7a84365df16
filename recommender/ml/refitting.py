"""Fits a trained recipe again on more examples, with nothing held back."""

from collections.abc import Sequence
from dataclasses import replace

from recommender.ml.examples import Example
from recommender.ml.parts import OnProgress, TrainingTask
from recommender.ml.ranker import Ranker
from recommender.ml.recipes import recipe_named
from recommender.ml.replay import Replay
from recommender.ml.training import TrainedRanker


def refit_ranker(
    trained: TrainedRanker, examples: Sequence[Example], *, on_progress: OnProgress, replay: Replay | None = None
) -> TrainedRanker:
    """The same recipe, settings and seed on all `examples`; calibration and thresholds stay those fitted on dev,
    unless the recipe itself knows what changes in them.

    There is no dev part to stop early on: training takes as many passes as had been best there. With `replay`, which
    says what `trained` has learnt, what is dear to learn is not learnt anew.
    """
    recipe = recipe_named(trained.recipe)
    n_passes = trained.parts.settings.get("n_passes")
    task = TrainingTask(
        examples,
        (),
        trained.label_space,
        trained.config,
        trained.seed,
        on_progress,
        n_passes,
        tag_texts=trained.tag_texts,
        replay=replay,
    )
    parts = recipe.refit(task, trained.parts)
    scorer = recipe.scorer(parts, n_labels=trained.label_space.n_labels, threads=trained.config.threads)
    calibration = parts.calibration or trained.calibration
    ranker = Ranker(label_space=trained.label_space, recipe=trained.recipe, scorer=scorer, calibration=calibration)
    return replace(trained, ranker=ranker, parts=parts, calibration=calibration, n_train=len(examples))
