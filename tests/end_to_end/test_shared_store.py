"""Two workers and a web server, each with a disk of its own, share one store of bundles."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tagplatform.content.newsroom import SAMPLE_DIR
from tests.end_to_end.conftest import MakePlatform
from tests.end_to_end.platform import Platform
from tests.end_to_end.test_learning_loop import EXAM

VOCABULARIES = ("newsroom", "second")


def disk(folder: Path, name: str) -> dict[str, str]:
    """What a process on a machine of its own is told: nothing of the others' folders."""
    own = folder / name
    return {"TAGPLATFORM_VAR": str(own), "BUNDLES_DIR": str(own / "bundles"), "BUNDLES_CACHE_DIR": str(own / "cache")}


def taken_by(platform: Platform) -> int:
    """How many different workers the runs that have begun lie with."""
    return int(platform.sql("SELECT count(DISTINCT worker) FROM recommender_trainingrun WHERE state = 'running'"))


def ended_run(platform: Platform, run: Any) -> Any:
    def ended() -> Any:
        now = platform.call("GET", f"/training-runs/{run['id']}")
        return now if now["finished_at"] else None

    return platform.wait_for(ended, seconds=240, what="end of the run")


@pytest.mark.timeout(600)
def test_two_workers_with_disks_of_their_own_train_what_a_third_machine_answers_with(
    make_platform: MakePlatform, tmp_path: Path
) -> None:
    platform = make_platform("embedded", BUNDLES_STORE=str(tmp_path / "store"), SECRET_KEY="shared")
    tags, documents = str(SAMPLE_DIR / "tags.jsonl"), str(SAMPLE_DIR / "documents.jsonl")
    platform.manage("import_tags", tags, "--vocabulary", "second", "--create")
    platform.manage("import_documents", documents, "--vocabulary", "second", "--source", "second", "--create")
    platform.create_key("newsroom")
    platform.start_web()
    workers = [platform.start_worker(name, **disk(tmp_path, name)) for name in ("a", "b")]
    requests = [{"vocabulary": vocabulary, "recipe": "tfidf-logreg"} for vocabulary in VOCABULARIES]

    with platform.nobody_reads("content_document"):  # whoever took a run holds it until the other has one, too
        runs = [platform.call("POST", "/training-runs", request, expect=202) for request in requests]
        platform.wait_for(lambda: taken_by(platform) == len(workers), seconds=120, what="a run for each worker")
    ended = [ended_run(platform, run) for run in runs]
    left = [path for name in "ab" for path in (tmp_path / name / "bundles").rglob("*") if path.is_file()]
    for worker, name in zip(workers, "ab", strict=True):
        platform.kill(worker)
        shutil.rmtree(tmp_path / name, ignore_errors=True)
    answers = [
        platform.call("POST", "/recommendations", {"vocabulary": vocabulary, **EXAM}, expect=201)
        for vocabulary in VOCABULARIES
    ]

    assert [run["state"] for run in ended] == ["succeeded", "succeeded"], ended
    assert left == []
    assert [answer["model_version"] for answer in answers] == ["newsroom-1", "second-1"]
    assert not any(answer["degraded"] for answer in answers)
    assert (tmp_path / "var" / "bundle-cache" / "second").is_dir()
