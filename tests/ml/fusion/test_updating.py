"""An update takes over how sources are weighed and learns what is new; columns only grow, equal updates are equal."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recommender.ml import (
    Example,
    LabelSpace,
    LearntExamples,
    ParentUnfit,
    Replay,
    SeenDocuments,
    Text,
    TrainedRanker,
    TrainingTask,
    open_trained,
    refit_ranker,
    save_bundle,
    train_ranker,
    update_obstacle,
    update_ranker,
)
from recommender.ml.configs import AutoConfig, FusionConfig
from recommender.ml.fusion.calibrating import JudgedPairs
from recommender.ml.fusion.scorer import TREES_GRAPH
from recommender.ml.tag_texts import TagText
from tests.ml.conftest import silent
from tests.ml.fusion.conftest import QUICK
from tests.ml.fusion.newsroom import LABEL_SPACE, TAG_TEXTS, examples

NEW_TAG = "volcano"
GROWN = LABEL_SPACE.extended([NEW_TAG])
GROWN_TEXTS = (*TAG_TEXTS, TagText(NEW_TAG))
SEEN = examples()
DAY = 86400.0


def eruptions(n: int = 12, start: int = 160) -> list[Example]:
    """Documents about something that nobody wrote of before; the tag's name is in none of them."""
    label = GROWN.n_labels - 1
    texts = [
        Text("Lava over the ridge", f"Magma and ash from crater {number} fall on the slope") for number in range(n)
    ]
    return [
        Example(text, (label,), f"new-{number}", published_at=DAY * (start + number))
        for number, text in enumerate(texts)
    ]


NEWER = [*SEEN, *[replace(each, document_id=f"later-{each.document_id}") for each in examples(40, 7)], *eruptions()]
DATED = [replace(each, published_at=DAY * place) for place, each in enumerate(NEWER)]


def task(train: list[Example], dev: list[Example], label_space: LabelSpace = GROWN, **options: object) -> TrainingTask:
    replay = Replay(SeenDocuments.of(SEEN), LearntExamples.of(SEEN))
    settings = {"config": QUICK, "seed": 1, "tag_texts": GROWN_TEXTS, "replay": replay, **options}
    return TrainingTask(train, dev, label_space, on_progress=silent, **settings)  # type: ignore[arg-type]


def everything_new() -> TrainingTask:
    """What a later month brings: learnt but for every fifth document, which is to calibrate on."""
    dev = [each for place, each in enumerate(DATED[160:]) if place % 5 == 0]
    ids = {each.document_id for each in dev}
    return task([each for each in DATED if each.document_id not in ids], dev)


@pytest.fixture(scope="session")
def parent(fusion: TrainedRanker, tmp_path_factory: pytest.TempPathFactory) -> TrainedRanker:
    directory = tmp_path_factory.mktemp("parent") / "bundle"
    save_bundle(fusion, directory)
    return open_trained(directory)


@pytest.fixture(scope="session")
def updated(parent: TrainedRanker) -> TrainedRanker:
    return update_ranker(parent, everything_new())


def test_a_parent_from_a_bundle_is_what_was_trained(fusion: TrainedRanker, parent: TrainedRanker) -> None:
    texts = [example.text for example in SEEN[:5]]

    assert (parent.recipe, parent.config, parent.seed, parent.n_train) == ("fusion", QUICK, 1, 120)
    assert parent.parts.report.keys() == fusion.parts.report.keys() != set()
    np.testing.assert_allclose(parent.ranker.logits(texts), fusion.ranker.logits(texts), atol=1e-5)


def test_an_update_suggests_a_tag_that_came_after_its_parent(updated: TrainedRanker) -> None:
    text = Text("Ash", "Magma leaves the crater")

    (ranking,) = updated.ranker.rank([text], limit=1)

    assert ranking.labels.tolist() == [GROWN.label_by_tag_id[NEW_TAG]]
    assert ranking.probabilities[0] > 0.3


def test_old_tags_keep_their_columns_and_the_parents_weighing(parent: TrainedRanker, updated: TrainedRanker) -> None:
    assert updated.label_space.tag_ids[: parent.label_space.n_labels] == parent.label_space.tag_ids
    assert updated.parts.graphs[TREES_GRAPH] == parent.parts.graphs[TREES_GRAPH]
    assert {name: updated.parts.settings[name] for name in ("blend", "features", "penalty")} == {
        name: parent.parts.settings[name] for name in ("blend", "features", "penalty")
    }
    texts = [example.text for example in SEEN[120:]]
    first = updated.ranker.logits(texts).argmax(axis=1).tolist()
    assert np.mean([label in example.labels for label, example in zip(first, SEEN[120:], strict=True)]) > 0.6


def test_the_same_update_gives_the_same_digest_and_other_documents_another(
    parent: TrainedRanker, updated: TrainedRanker, tmp_path: Path
) -> None:
    again = update_ranker(parent, everything_new())
    other = update_ranker(parent, replace(everything_new(), train=DATED[:150]))

    trained = (updated, again, other)
    first, second, third = (save_bundle(each, tmp_path / str(n)).digest for n, each in enumerate(trained))

    assert first == second
    assert first != third


def test_only_documents_that_the_parent_never_saw_are_calibrated_on(parent: TrainedRanker) -> None:
    seen_only = update_ranker(parent, task(DATED[:120], DATED[120:160]))
    with_new = update_ranker(parent, task(DATED[:160], DATED[120:]))

    before, same, grown = (JudgedPairs.from_tensors(each.parts.tensors) for each in (parent, seen_only, with_new))

    assert before is not None and same is not None and grown is not None
    np.testing.assert_array_equal(same.logits, before.logits)
    n_unseen = len(DATED) - 160
    assert len(np.unique(grown.rows)) <= len(DATED[120:])
    assert len(np.unique(grown.rows[np.isin(grown.logits, before.logits, invert=True)])) >= n_unseen - 2
    assert (np.diff(grown.rows) >= 0).all()
    assert abs(grown.weights.mean() - 1.0) < 1e-3


def test_an_updated_ranker_is_fitted_again_on_all_documents(updated: TrainedRanker) -> None:
    everything = refit_ranker(updated, DATED, on_progress=silent)

    assert everything.n_train == len(DATED)
    np.testing.assert_array_equal(everything.calibration.thresholds, updated.calibration.thresholds)


def test_what_keeps_a_parent_from_being_updated_is_named(parent: TrainedRanker) -> None:
    fitting = everything_new()
    reordered = LabelSpace(tuple(reversed(GROWN.tag_ids)))
    other = replace(QUICK, search=False)
    joins = replace(parent, config=replace(QUICK, network="yes"))

    assert update_obstacle(parent, "fusion", fitting) is None
    assert update_obstacle(parent, "fusion", replace(fitting, config=replace(QUICK, threads=7))) is None
    assert update_obstacle(parent, "auto", fitting) == "recipe"
    assert update_obstacle(parent, "fusion", replace(fitting, config=other)) == "settings"
    assert update_obstacle(parent, "fusion", replace(fitting, label_space=reordered)) == "labels"
    assert update_obstacle(joins, "fusion", replace(fitting, config=joins.config)) == "network"
    bare = replace(parent, parts=replace(parent.parts, tensors={}))
    assert update_obstacle(bare, "fusion", fitting) == "bundle"
    with pytest.raises(ParentUnfit, match="settings"):
        update_ranker(parent, replace(fitting, config=other))


def test_auto_keeps_its_choice_until_it_would_choose_another(tmp_path: Path) -> None:
    config = AutoConfig(fusion=FusionConfig(boosting=QUICK.boosting, search=False), threads=1)
    trained = train_ranker(
        "auto",
        train=SEEN[:120],
        dev=SEEN[120:],
        label_space=LABEL_SPACE,
        config=config,
        seed=1,
        on_progress=silent,
        tag_texts=TAG_TEXTS,
    )
    save_bundle(trained, tmp_path / "parent")
    parent = open_trained(tmp_path / "parent")

    updated = update_ranker(parent, replace(everything_new(), config=config))
    few = replace(everything_new(), config=config, train=DATED[:30])

    assert updated.parts.settings["auto.recipe"] == "fusion"
    assert updated.parts.report["choice"] == parent.parts.report["choice"]
    save_bundle(updated, tmp_path / "updated")
    assert open_trained(tmp_path / "updated").config == config
    assert update_obstacle(parent, "auto", few) == "choice"
