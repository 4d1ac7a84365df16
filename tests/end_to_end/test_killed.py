"""kill -9 of the worker and of the database at each stage of a run: it ends once, with one version, and is not lost."""

import subprocess
import time
from typing import Any

import psycopg
import pytest

from tests.end_to_end.conftest import MakePlatform
from tests.end_to_end.platform import Platform

pytestmark = pytest.mark.timeout(900)

STAGES = ("collecting", "data", "twin", "whole")
"""What a run has finished last when it is struck; at first nothing."""


SILENT = "state = 'running' AND heartbeat_at < now() - interval '6 seconds'"


class Watch:
    """Looks at the one run often: what it has finished may be followed by the next within a second."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def until(self, stage: str) -> None:
        """Wait until the run is past the stage."""
        deadline = time.monotonic() + 400
        while time.monotonic() < deadline:
            state, now, finished = self._look()
            if stage in finished or (stage == STAGES[0] and now):
                return
            assert state in ("queued", "running"), f"the run ended before it was past {stage}"
            time.sleep(0.02)
        raise AssertionError(f"never past {stage}\n{self._platform.logs()}")

    def until_it_ends(self) -> str:
        """The state in which the run ended."""

        def ended() -> str:
            state, _, _ = self._look()
            return "" if state in ("queued", "running") else state

        return str(self._platform.wait_for(ended, seconds=400, what="end of the run"))

    def _look(self) -> tuple[str, str, dict[str, Any]]:
        """A look, and what the scheduler does twice a minute: a run whose worker fell silent is taken up."""
        query = f"SELECT state, stage, finished, {SILENT} FROM recommender_trainingrun"  # noqa: S608
        with psycopg.connect(self._platform.database_url) as connection:
            state, stage, finished, silent = connection.execute(query.encode()).fetchone() or ("", "", {}, False)
        if silent:
            self._platform.send("recommender.tasks.recover_stalled_runs")
            time.sleep(1)
        return state, stage, finished


def assert_one_of_everything(platform: Platform) -> None:
    assert platform.sql("SELECT count(*) FROM recommender_trainingrun") == 1
    assert platform.sql("SELECT count(*) FROM recommender_modelversion") == 1
    assert platform.sql("SELECT count(*) FROM recommender_datasnapshot") == 1
    assert platform.sql("SELECT count(*) FROM recommender_modelalias") == 1
    folders = {path.name for path in (platform.folder / "var" / "bundles" / "newsroom").iterdir()}
    assert len(folders) == 3, folders


def test_a_run_whose_worker_is_killed_at_each_stage_goes_on_and_ends_once(make_platform: MakePlatform) -> None:
    platform = make_platform("embedded", TRAINING_MAX_ATTEMPTS="9")
    watch = Watch(platform)
    platform.queue_run("tfidf-logreg")
    workers: list[subprocess.Popen[bytes]] = [platform.start_worker()]

    def kill_worker() -> None:
        platform.kill(workers.pop())
        workers.append(platform.start_worker())

    for stage in STAGES:
        watch.until(stage)
        kill_worker()

    assert watch.until_it_ends() == "succeeded", platform.logs()
    assert platform.sql("SELECT attempts FROM recommender_trainingrun") == 1 + len(STAGES)
    assert_one_of_everything(platform)


def test_a_run_whose_database_is_killed_at_each_stage_goes_on_and_ends_once(make_platform: MakePlatform) -> None:
    platform = make_platform("embedded", TRAINING_MAX_ATTEMPTS="9")
    watch = Watch(platform)
    platform.queue_run("tfidf-logreg")
    workers: list[subprocess.Popen[bytes]] = [platform.start_worker()]

    def kill_database() -> None:
        platform.kill_database()
        if workers[-1].poll() is not None:  # as the launcher does
            workers.append(platform.start_worker())

    for stage in STAGES:
        watch.until(stage)
        kill_database()

    assert watch.until_it_ends() == "succeeded", platform.logs()
    assert_one_of_everything(platform)
