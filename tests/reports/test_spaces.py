"""Where training ends, the tag space is kept beside the twin; the pages read it, or make a coarser one."""

from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from recommender import ml
from recommender.reports.spaces import TAG_SPACE_FILE, stored_tag_space, tag_space, write_tag_space
from recommender.selectors import champion
from tagplatform.common.errors import NotFound
from tagplatform.taxonomy.models import Vocabulary
from tests.audit.world import World
from tests.recommender.conftest import thumb_newsroom as thumb_newsroom
from tests.recommender.test_retraining import do_run
from tests.reports.world import folder_of

EXAMPLES = [ml.Example(ml.Text("", word), (label,), f"d{label}") for label, word in enumerate(("rocket", "compost"))]


@pytest.fixture
def bundle() -> ml.TrainedRanker:
    """A model of two tags and two documents."""
    return ml.train_ranker(
        "tfidf-logreg",
        train=EXAMPLES,
        dev=EXAMPLES,
        label_space=ml.LabelSpace(("a", "b")),
        seed=1,
        on_progress=lambda stage, share: None,
    )


def test_a_run_leaves_the_space_and_the_counts_beside_the_twin(
    thumb_newsroom: Vocabulary, admin_client: Client
) -> None:
    run = do_run(thumb_newsroom)

    version = champion(thumb_newsroom)
    assert version is not None
    stored = stored_tag_space(version)
    assert stored is not None
    assert (stored.source, stored.layout) == ("predictions", "principal components")
    assert stored.label_counts.sum() == run.report["documents"]["train"]
    report = admin_client.get(reverse("admin:recommender_modelversion_report", args=[version.pk]))
    assert report.context["subject"].counts_are_exact
    assert report.context["thresholds_known"]
    own, reported = report.context["reliability"].error, version.metrics["expected_calibration_error"]["value"]
    assert own == pytest.approx(reported, abs=1e-6)


def test_a_space_that_cannot_be_written_costs_no_training(
    bundle: ml.TrainedRanker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    predictions = ml.held_out_predictions(bundle.ranker, EXAMPLES)

    write_tag_space(tmp_path / "no such folder", bundle, predictions, np.array([1, 1]), seed=1)

    assert "could not be written" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_gives_way_to_the_predictions(world: World) -> None:
    (folder_of(world) / TAG_SPACE_FILE).write_bytes(b"short")

    found = tag_space(world.version)

    assert (found.source, found.layout) == ("predictions", "principal components")
    assert found.vectors.shape[0] == 4
    assert np.isfinite(found.positions[0]).all()


def test_without_file_and_predictions_there_is_no_space(world: World) -> None:
    for file in folder_of(world).iterdir():
        file.unlink()

    with pytest.raises(NotFound) as refused:
        tag_space(world.version)

    assert refused.value.code == "no_tag_space"
