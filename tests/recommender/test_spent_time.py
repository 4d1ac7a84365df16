"""Where the time of a training run went: the clock, and what report and page say."""

import time
from typing import Any

import pytest
from django.urls import reverse

from recommender.spent_time import StageClock
from tagplatform.taxonomy.models import Vocabulary
from tests.recommender.test_retraining import do_run

pytestmark = pytest.mark.django_db


def test_a_stage_lasts_until_the_next_and_goes_on_when_it_comes_back() -> None:
    clock = StageClock()
    clock.begin("twin", "reading texts")
    time.sleep(0.05)
    clock.begin("twin", "fitting")
    clock.begin("twin", "reading texts")
    time.sleep(0.05)

    reading, fitting = clock.rows()

    assert (reading["chapter"], reading["stage"], fitting["stage"]) == ("twin", "reading texts", "fitting")
    assert reading["seconds"] >= 0.1 > fitting["seconds"]
    assert reading["cpu_seconds"] < 0.1, "sleeping takes no processor"


def test_report_and_page_say_what_each_chapter_took(thumb_newsroom: Vocabulary, admin_client: Any) -> None:
    do_run(thumb_newsroom)
    run = do_run(thumb_newsroom)

    rows = run.report["time_spent"]
    page = admin_client.get(reverse("admin:recommender_trainingrun_change", args=[run.pk])).content.decode()

    assert list(dict.fromkeys(row["chapter"] for row in rows)) == ["data", "twin", "gate", "whole"]
    assert sum(row["seconds"] for row in rows) == pytest.approx(run.report["seconds"], abs=1.0)
    assert all(row["cpu_seconds"] >= 0 for row in rows)
    assert "Training the bundle that answers, on everything" in page and "comparing with the champion" in page
