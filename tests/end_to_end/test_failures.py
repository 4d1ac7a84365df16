"""What breaks, breaks alone: answers keep coming or say when, and nothing acknowledged is lost."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tagplatform.launcher.embedded import start_embedded_database, stop_embedded_database
from tests.conftest import require
from tests.end_to_end.conftest import MakePlatform
from tests.end_to_end.platform import Platform
from tests.end_to_end.test_learning_loop import EXAM, suggested, train

pytestmark = pytest.mark.timeout(1000)
SET_POLICY = """
from recommender.runs import training_policy
from tagplatform.taxonomy.models import Vocabulary
policy = training_policy(Vocabulary.objects.get(slug="newsroom"))
vars(policy).update({policy})
policy.save()
"""
SMALL_NETWORK = {"recipe": "fasttext-cnn-mlp", "config": {"embedding_dim": 64, "n_filters": 32, "min_steps": 200}}


def running_platform(make_platform: MakePlatform, **settings: str) -> Platform:
    platform = make_platform("embedded", **settings)
    platform.create_key("newsroom")
    platform.start_web()
    return platform


def small_network(platform: Platform) -> None:
    """What the network learns is of no interest here, only that it takes some seconds."""
    policy = json.dumps(SMALL_NETWORK)
    platform.manage("shell", "--command", SET_POLICY.format(policy=policy))


def request_run(platform: Platform, recipe: str) -> Any:
    return platform.call("POST", "/training-runs", {"vocabulary": "newsroom", "recipe": recipe}, expect=202)


def state_of(platform: Platform, run: Any) -> Any:
    return platform.call("GET", f"/training-runs/{run['id']}")


def test_a_run_goes_on_after_its_worker_was_killed(make_platform: MakePlatform) -> None:
    platform = running_platform(make_platform)
    worker = platform.start_worker()
    train(platform, "tfidf-logreg")
    small_network(platform)
    run = request_run(platform, "fasttext-cnn-mlp")
    platform.wait_for(lambda: state_of(platform, run)["progress"] > 0.02, seconds=60, what="progress")

    platform.kill(worker)
    during = suggested(platform, EXAM)
    platform.start_worker()
    platform.start("celery", "--app", "tagplatform", "beat", "--schedule", str(platform.folder / "beat"))
    ended = platform.wait_for(
        lambda: (now := state_of(platform, run))["state"] not in ("queued", "running") and now,
        seconds=700,
        what="end of the run",
    )

    assert during["suggestions"]
    assert ended["state"] == "succeeded", ended
    assert platform.sql("SELECT max(attempts) FROM recommender_trainingrun") == 2
    attempt_by_purpose = {path.name.split("-")[2]: path.name.split("-")[1] for path in bundles(platform, run)}
    attempt_by_purpose.pop("all", None)  # only a version that passes the gate learns all documents
    assert attempt_by_purpose == {"data": "1", "evaluated": "2"}


def bundles(platform: Platform, run: Any) -> list[Path]:
    """The folders that a run has left, named after run, attempt and purpose."""
    return sorted((platform.folder / "var" / "bundles" / "newsroom").glob(f"{run['id']}-*"))


def test_the_api_says_503_while_the_database_is_away_and_keeps_what_it_acknowledged(
    make_platform: MakePlatform,
) -> None:
    platform = running_platform(make_platform)
    platform.start_worker()
    train(platform, "tfidf-logreg")
    platform.call("POST", "/documents", {"external_id": "kept", "title": "Kept"}, expect=201)

    stop_embedded_database(platform.folder / "postgres")
    away = platform.http.post(f"{platform.address}/api/v1/recommendations", json=EXAM, timeout=30)
    start_embedded_database(platform.folder / "postgres", for_tests=True)
    back = suggested(platform, EXAM)

    assert away.status_code == 503
    assert away.headers["Content-Type"].startswith("application/problem+json")
    assert int(away.headers["Retry-After"]) > 0
    assert back["suggestions"]
    assert platform.call("GET", "/documents/kept")["title"] == "Kept"


def small_disk(folder: Path) -> bool:
    """A file system of one megabyte at `folder`, where this user may mount one."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    return subprocess.run(mount, capture_output=True).returncode == 0


def test_a_full_disk_fails_the_run_and_leaves_the_champion(make_platform: MakePlatform, tmp_path: Path) -> None:
    disk = tmp_path / "small-disk"
    require(small_disk(disk), "the right to mount a small file system")
    try:
        platform = running_platform(make_platform, BUNDLES_DIR=str(disk))
        platform.start_worker()
        small_network(platform)
        run = request_run(platform, "fasttext-cnn-mlp")
        failed = platform.wait_for(
            lambda: (now := state_of(platform, run))["state"] not in ("queued", "running") and now,
            seconds=500,
            what="end of the run",
        )
        left_behind = [path for path in disk.rglob("*") if path.is_file()]
        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        train(platform, "tfidf-logreg")

        assert failed["state"] == "failed"
        assert "space" in failed["reason"]
        assert left_behind == []
        assert suggested(platform, EXAM)["suggestions"]
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_corrupt_bundle_leaves_the_version_before_it_in_charge(make_platform: MakePlatform) -> None:
    platform = running_platform(make_platform)
    platform.start_worker()
    first = train(platform, "tfidf-logreg")
    platform.call("POST", "/documents", {"external_id": "new", "title": "New", "text": "A new text."}, expect=201)
    second = train(platform, "tfidf-logreg")
    folder = next(path for path in bundles(platform, second) if path.name.endswith("-all"))
    largest = max(folder.iterdir(), key=lambda path: path.stat().st_size)

    damaged = bytearray(largest.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    largest.write_bytes(bytes(damaged))
    platform.stop()
    platform.start_web()
    answer = suggested(platform, EXAM)

    assert answer["model_version"] == first["report"]["version"]
    assert answer["degraded"] is True
    assert answer["suggestions"]
