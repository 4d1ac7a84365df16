"""The real processes on a database of their own: web server and workers, started and ended by a test."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import requests

from tagplatform.launcher.embedded import start_embedded_database

PROJECT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
ALL_SCOPES = (
    "recommend", "feedback", "documents:read", "documents:write", "tags:read", "models:read", "models:write",
)  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], Any], *, seconds: float, what: str) -> Any:
    """The first true value of `condition`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.2)
    raise AssertionError(f"after {seconds} s still no: {what}")


@dataclass
class Platform:
    """One installation in a temporary folder."""

    folder: Path
    database_url: str
    broker_url: str = ""
    queue_prefix: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.port = free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        self.http = requests.Session()
        self.http.trust_env = False

    @property
    def address(self) -> str:
        """Of the web process that was started without a port."""
        return self._address(self.port)

    @property
    def environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO", "PYTEST"))}
        return inherited | {
            "DATABASE_URL": self.database_url,
            "CELERY_BROKER_URL": self.broker_url,
            "QUEUE_PREFIX": self.queue_prefix,
            "TAGPLATFORM_VAR": str(self.folder / "var"),
            "TRAINING_STALLED_AFTER_SECONDS": "6",
            "TRAINING_THREADS": "1",  # threads that wait for each other beside web server and browser cost minutes
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
            **self.settings,
        }

    def manage(self, *arguments: str) -> str:
        """Run a management command to its end; its output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT, env=self.environment, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, *command: str, **settings: str) -> subprocess.Popen[bytes]:
        """Start a process of the platform, with settings of its own; its output goes to a file beside the data."""
        log = (self.folder / f"{Path(command[0]).name}-{len(self._processes)}.log").open("wb")
        process = subprocess.Popen(
            command, cwd=PROJECT, env=self.environment | settings, stdout=log, stderr=log, start_new_session=True
        )
        self._processes.append(process)
        return process

    def start_web(self, *, port: int | None = None, seconds: float = 60) -> subprocess.Popen[bytes]:
        """One web process; calls go to the one that was started without a port."""
        port = port or self.port
        process = self.start(
            "gunicorn", "tagplatform.wsgi:application", "--worker-class", "gthread", "--threads", "4",
            "--bind", f"127.0.0.1:{port}", "--log-level", "warning",
        )  # fmt: skip
        wait_for(lambda: self._answers(port), seconds=seconds, what="web server")
        return process

    def start_worker(self, name: str = "celery", **settings: str) -> subprocess.Popen[bytes]:
        """One worker for both queues, without the scheduler."""
        queues = f"{self.queue_prefix}default,{self.queue_prefix}training"
        return self.start(
            "celery", "--app", "tagplatform", "worker", "--queues", queues, "--concurrency", "1",
            "--hostname", f"{name}@%h", "--loglevel", "INFO",
            "--without-gossip", "--without-mingle", "--without-heartbeat",
            **settings,
        )  # fmt: skip

    def create_key(self, source: str) -> None:
        """Every call from now on bears a new key of this source."""
        scopes = [argument for scope in ALL_SCOPES for argument in ("--scope", scope)]
        output = self.manage("create_api_key", "--name", "test", "--source", source, *scopes)
        key = next(word for word in output.split() if word.startswith("tp_"))
        self.http.headers["Authorization"] = f"Bearer {key}"

    def call(self, method: str, path: str, body: Any = None, *, expect: int = 200, port: int | None = None) -> Any:
        """One call of the API; its JSON."""
        answer = self.http.request(method, f"{self._address(port or self.port)}/api/v1{path}", json=body, timeout=30)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def sql(self, query: str, *parameters: object) -> Any:
        """The first column of the first row."""
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute(query.encode(), parameters).fetchone()
        return row[0] if row else None

    @contextmanager
    def nobody_reads(self, table: str) -> Iterator[None]:
        """Whoever wants to read the table, or to write to it, waits."""
        with psycopg.connect(self.database_url) as connection:
            connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
            yield

    def queue_run(self, recipe: str) -> None:
        """Ask for a training of the newsroom without a web server."""
        code = (
            "from recommender.runs import request_training; from recommender.tasks import train; "
            "from tagplatform.taxonomy.models import Vocabulary; "
            f"run = request_training(vocabulary=Vocabulary.objects.get(), trigger='manual', recipe={recipe!r}); "
            "train.delay(str(run.pk))"
        )
        self.manage("shell", "-c", code)

    def send(self, task: str) -> None:
        """What the scheduler would do: put a task into the default queue."""
        from tagplatform.celery import app

        broker = self.broker_url or "sqla+postgresql+psycopg://" + self.database_url.split("://", 1)[1]
        with app.connection_for_write(broker) as connection:
            app.send_task(task, queue=f"{self.queue_prefix}default", connection=connection)

    def kill_database(self) -> None:
        """kill -9 the embedded PostgreSQL, and start it again."""
        folder = self.folder / "postgres"
        os.kill(int((folder / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        start_embedded_database(folder, for_tests=True)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9 the process and what it has started."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End whatever still runs."""
        for process in self._processes:
            if process.poll() is None:
                process.terminate()
        for process in self._processes:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.kill(process)

    def wait_for(self, condition: Callable[[], Any], *, seconds: float, what: str) -> Any:
        """The first true value of `condition`; fails after `seconds` with what the processes wrote until then."""
        try:
            return wait_for(condition, seconds=seconds, what=what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.logs()}") from None

    def logs(self) -> str:
        return "\n".join(f"--- {path.name}\n{path.read_text()[-3000:]}" for path in self.folder.glob("*.log"))

    def _address(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"

    def _answers(self, port: int) -> bool:
        try:
            return self.http.get(f"{self._address(port)}/healthz", timeout=2).ok
        except (requests.ConnectionError, requests.Timeout):
            return False
