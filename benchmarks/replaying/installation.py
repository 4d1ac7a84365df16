"""A fresh installation of the platform for one arm: database, gunicorn, one Celery worker, people who sign in."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks.compare.documents import write_rows
from benchmarks.replaying.processes import cpu_seconds
from tagplatform.launcher.embedded import start_embedded_database
from tests.end_to_end.platform import PROJECT, Platform, wait_for

VOCABULARY, SOURCE = "topics", "site"
RUN_TIMEOUT_SECONDS, START_TIMEOUT_SECONDS = 3600.0, 600.0
_ENDED = ("succeeded", "failed", "skipped", "cancelled")

Json = dict[str, Any]


@dataclass(frozen=True)
class Training:
    """How a run ended, and what it cost: seconds of the wall clock as the run says, and of the worker's processors."""

    state: str
    reason: str
    report: Json
    run: Json
    wall_seconds: float
    cpu_seconds: float

    @property
    def promoted(self) -> bool:
        return bool(self.report.get("promoted"))


class Person:
    """Somebody who has signed in and works with the API from the browser, so that decisions bear a name."""

    def __init__(self, address: str, name: str, password: str) -> None:
        self._address, self._http = address, requests.Session()
        self._http.trust_env = False
        self._http.headers["Connection"] = "close"
        page = f"{address}/sign-in/"
        self._http.get(page, timeout=30).raise_for_status()
        form = {"username": name, "password": password, "csrfmiddlewaretoken": self._http.cookies["csrftoken"]}
        self._http.post(page, data=form, timeout=30, allow_redirects=False).raise_for_status()
        if "sessionid" not in self._http.cookies:
            raise RuntimeError(f"{name} could not sign in")

    def call(self, method: str, path: str, body: Json) -> Json:
        """One call of the API; raises requests.HTTPError for an answer that is a problem."""
        headers = {"X-CSRFToken": self._http.cookies["csrftoken"], "Referer": self._address}
        answer = self._http.request(method, f"{self._address}/api/v1{path}", json=body, headers=headers, timeout=60)
        if not answer.ok:
            raise requests.HTTPError(f"{method} {path}: {answer.status_code} {answer.text[:300]}", response=answer)
        found: Json = answer.json()
        return found


class Installation:
    """The platform's real processes, and the calls that a CMS and its editors make."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        # The server closes a connection that rests for two seconds, and a busy client would send into the closing
        self.platform.http.headers["Connection"] = "close"
        self.tag_ids: dict[str, str] = {}
        self.people: list[Person] = []
        self._worker: subprocess.Popen[bytes] | None = None

    def load(self, tags: Iterable[Mapping[str, Any]], documents: Iterable[Mapping[str, Any]]) -> None:
        """Bring in vocabulary and history as an operator does, from files."""
        folder = self.platform.folder
        write_rows(folder / "tags.jsonl", map(dict, tags))
        write_rows(folder / "history.jsonl", map(dict, documents))
        manage = self.platform.manage
        manage("import_tags", str(folder / "tags.jsonl"), "--vocabulary", VOCABULARY, "--create")
        target = ("--source", SOURCE, "--vocabulary", VOCABULARY, "--create")
        manage("import_documents", str(folder / "history.jsonl"), *target)

    def settle(self, policies: Mapping[str, Mapping[str, Any]], people: Mapping[str, str]) -> None:
        """Set the policies, start web server and worker, let the people (name → role) sign in."""
        passwords = self._inside(policies=policies, people=people)
        self.platform.create_key(SOURCE)
        self.platform.start_web(seconds=START_TIMEOUT_SECONDS)
        self._worker = self.platform.start_worker()
        self.people = [Person(self.platform.address, name, password) for name, password in passwords.items()]
        self._read_tags()

    def add_tags(self, names: Sequence[str]) -> None:
        """New tags that have nothing but a name."""
        if names:
            path = self.platform.folder / "new-tags.jsonl"
            write_rows(path, ({"name": name} for name in names))
            self.platform.manage("import_tags", str(path), "--vocabulary", VOCABULARY, "--restart")
            self._read_tags()

    def retire(self, names: Sequence[str]) -> None:
        """Take tags out of use."""
        if names:
            self._inside(retire=list(names))

    def call(self, method: str, path: str, body: Json | None = None, *, expect: int = 200) -> Any:
        """One call of the API with the key of the source."""
        return self.platform.call(method, path, body, expect=expect)

    def train(self, **asked: str) -> Training:
        """Ask for a run, wait for the worker to end it, and for its version where it was promoted."""
        if self._worker is None:
            raise RuntimeError("no worker has been started: settle the installation first")
        before = cpu_seconds(self._worker.pid)
        run = self.call("POST", "/training-runs", {"vocabulary": VOCABULARY, **asked}, expect=202)
        started = time.monotonic()
        ended = wait_for(lambda: self._ended(run["id"]), seconds=RUN_TIMEOUT_SECONDS, what="end of the training run")
        report = ended["report"]
        seconds = float(report.get("seconds") or time.monotonic() - started)
        spent = cpu_seconds(self._worker.pid) - before
        training = Training(ended["state"], ended["reason"], report, ended, seconds, spent)
        if training.promoted:
            wait_for(
                lambda: self._answers_with(report["version"]),
                seconds=START_TIMEOUT_SECONDS,
                what="the new champion's answer",
            )
        return training

    def _inside(self, **asked: Any) -> dict[str, str]:
        """Passwords by name."""
        body = {"vocabulary": VOCABULARY, "policies": {}, "people": {}, "retire": [], **asked}
        output = run_inside(self.platform, "benchmarks.replaying.inside", json.dumps(body))
        passwords: dict[str, str] = json.loads(output.splitlines()[-1])
        return passwords

    def _read_tags(self) -> None:
        self.tag_ids = {tag["notation"]: tag["id"] for tag in self._all("/tags?limit=200")}

    def _ended(self, run_id: str) -> Json | None:
        run: Json = self.call("GET", f"/training-runs/{run_id}")
        return run if run["state"] in _ENDED else None

    def _answers_with(self, version: str) -> bool:
        body = {"vocabulary": VOCABULARY, "title": "probe", "store": False}
        return bool(self.call("POST", "/recommendations", body)["model_version"] == version)

    def _all(self, path: str) -> Iterator[Json]:
        """All pages of a list."""
        following: str | None = path
        while following:
            page = self.call("GET", following)
            yield from page["results"]
            following = page["next"] and page["next"].split("/api/v1", 1)[1]


@contextmanager
def installation(folder: Path, *, base: Path | None = None, training_threads: int = 1) -> Iterator[Installation]:
    """One in this folder, which is emptied before: new, or a copy of another one that does not run (`base`).

    Its processes end with it, its files stay.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if base is None:
        folder.mkdir()
    else:
        # Not shutil.copytree: the database's files belong to another account
        subprocess.run(["cp", "-a", str(base), str(folder)], check=True)
    database = start_embedded_database(folder / "postgres", for_tests=True)
    settings = {
        "API_RATE_PER_KEY": "1000000/minute",
        "TRAINING_THREADS": str(training_threads),
        "TRAINING_STALLED_AFTER_SECONDS": "600",
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(training_threads)),
    }
    platform = Platform(folder, database.url, settings=settings)
    ends: list[Callable[[], None]] = [database.stop, platform.stop]
    try:
        run_inside(platform, "tagplatform.launcher.prepare", *(["--static"] if base is None else []))
        yield Installation(platform)
    finally:
        for end in reversed(ends):
            end()


def run_inside(platform: Platform, module: str, *arguments: str) -> str:
    """A module as a process of the installation; its output."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(
        command, cwd=PROJECT, env=platform.environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{module} failed:\n{done.stderr[-2000:]}")
    return done.stdout
