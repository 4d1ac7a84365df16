"""A message that a broker delivers twice while a training takes its time starts no second run."""

import pytest

from tests.end_to_end.conftest import MakePlatform
from tests.end_to_end.platform import Platform


def refused(platform: Platform) -> int:
    """How often a worker was given a run that was not to be started."""
    return sum(log.read_text().count("is not to be started here") for log in platform.folder.glob("*.log"))


@pytest.mark.service
@pytest.mark.timeout(900)
def test_a_run_that_takes_longer_than_redis_waits_is_not_begun_twice(make_platform: MakePlatform) -> None:
    platform = make_platform("redis", REDIS_VISIBILITY_TIMEOUT_SECONDS="2")
    for name in ("a", "b"):
        platform.start_worker(name)
    with platform.nobody_reads("content_document"):  # the run cannot end before the broker's patience does
        platform.queue_run("tfidf-logreg")
        platform.wait_for(lambda: refused(platform), seconds=400, what="second delivery")
        during = platform.sql("SELECT state FROM recommender_trainingrun")
    platform.wait_for(
        lambda: platform.sql("SELECT finished_at IS NOT NULL FROM recommender_trainingrun"),
        seconds=400,
        what="end of the run",
    )

    assert during == "running"
    assert platform.sql("SELECT state FROM recommender_trainingrun") == "succeeded"
    assert platform.sql("SELECT attempts FROM recommender_trainingrun") == 1
    assert platform.sql("SELECT count(*) FROM recommender_modelversion") == 1
