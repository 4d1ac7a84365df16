"""`python -m tagplatform.launcher run`, started for real: what it prints, how it ends, what it leaves behind."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tagplatform.launcher.embedded import is_running, stop_embedded_database
from tagplatform.launcher.leftovers import kill_marked_processes, marked_processes
from tests.end_to_end.platform import PROJECT, free_port, wait_for

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"),
]

RUN = (sys.executable, "-m", "tagplatform.launcher", "run")
WEB = "web: gunicorn tagplatform.wsgi:application --threads 2 --bind 127.0.0.1:${PORT} --log-level warning\n"
STUBBORN = "stubborn: python -c 'import signal,time; signal.signal(15, signal.SIG_IGN); time.sleep(999)'\n"
WITH_CHILD = "parent: sh -c 'sleep 999 & wait'\n"


@dataclass
class Launched:
    """A launcher and what it has printed so far."""

    process: subprocess.Popen[bytes]
    var: Path
    port: int
    printed_to: Path

    @property
    def printed(self) -> str:
        return self.printed_to.read_text()

    def wait_until_up(self) -> None:
        """Wait for the addresses; a launcher that gives up fails the test with what it said."""
        wait_for(self._is_up_or_gone, seconds=120, what=f"addresses in {self.printed_to}")
        assert self.process.poll() is None, self.printed

    def _is_up_or_gone(self) -> bool:
        return "Ctrl-C stops everything" in self.printed or self.process.poll() is not None

    def is_all_gone(self) -> bool:
        return not marked_processes(self.var) and not is_running(self.var / "postgres")


Launch = Callable[..., Launched]


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    """One folder for all these tests: each leaves it stopped, and only the first has to migrate."""
    with tempfile.TemporaryDirectory(prefix="launcher-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve() / "var"


@pytest.fixture
def launch(tmp_path: Path, var: Path) -> Iterator[Launch]:
    """Start a launcher with these Procfile lines."""
    port = free_port()
    started: list[Launched] = []

    def start(procfile: str) -> Launched:
        (tmp_path / "Procfile").write_text(procfile)
        printed_to = tmp_path / f"printed-{len(started)}.txt"
        environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "CELERY_BROKER_URL")}
        with printed_to.open("wb") as file:
            process = subprocess.Popen(
                [*RUN, "--port", str(port), "--procfile", str(tmp_path / "Procfile")],
                cwd=PROJECT, env={**environment, "TAGPLATFORM_VAR": str(var)},
                stdout=file, stderr=file, start_new_session=True,
            )  # fmt: skip
        started.append(Launched(process, var, port, printed_to))
        return started[-1]

    yield start
    for launched in started:
        launched.process.kill()
        launched.process.wait()
    kill_marked_processes(var)
    stop_embedded_database(var / "postgres")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_ends_everything_in_order(launch: Launch, number: signal.Signals) -> None:
    launched = launch(WEB + WITH_CHILD)
    launched.wait_until_up()
    assert urllib.request.urlopen(f"http://127.0.0.1:{launched.port}/healthz", timeout=10).status == 200

    launched.process.send_signal(number)

    assert launched.process.wait(timeout=30) == 0
    assert launched.is_all_gone()
    assert launched.printed.rstrip().endswith("Stopped. All data is kept; make run goes on from here.")
    assert not (launched.var / "postgres" / "postmaster.pid").exists()


def test_a_process_that_does_not_listen_is_killed_after_a_while(launch: Launch) -> None:
    launched = launch(WEB + STUBBORN)
    launched.wait_until_up()
    wait_for(lambda: len(marked_processes(launched.var)) >= 3, seconds=20, what="three processes")

    launched.process.send_signal(signal.SIGINT)

    assert launched.process.wait(timeout=30) == 0
    assert launched.is_all_gone()


def test_when_the_launcher_is_killed_the_rest_ends_too_and_the_next_start_works(launch: Launch) -> None:
    launched = launch(WEB + WITH_CHILD)
    launched.wait_until_up()

    launched.process.kill()
    wait_for(launched.is_all_gone, seconds=30, what="an empty house")

    again = launch(WEB)
    again.wait_until_up()
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(timeout=30) == 0


def test_a_second_start_says_that_the_first_one_runs(launch: Launch) -> None:
    launched = launch(WEB)
    launched.wait_until_up()

    second = launch(WEB)

    assert second.process.wait(timeout=30) == 1
    assert f"already runs from {launched.var}: http://localhost:{launched.port}" in second.printed
    assert launched.process.poll() is None


def test_what_falls_is_started_again_and_so_is_the_database(launch: Launch) -> None:
    launched = launch(WEB + "fragile: sh -c 'sleep 1; exit 3'\ndemo: sh -c 'echo WARNING nothing; exit 4'\n")
    launched.wait_until_up()
    wait_for(lambda: "starting it again" in launched.printed, seconds=20, what="a restart")
    assert "fragile ended (exit code 3); starting it again in 1 s." in launched.printed
    assert "demo ended (exit code 4); the rest goes on." in launched.printed

    postmaster = int((launched.var / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)

    wait_for(lambda: "The database ended; starting it again" in launched.printed, seconds=20, what="a notice")
    wait_for(lambda: is_running(launched.var / "postgres"), seconds=60, what="a database")
    time.sleep(1)
    assert urllib.request.urlopen(f"http://127.0.0.1:{launched.port}/healthz", timeout=10).status == 200


def test_what_falls_too_often_stops_the_platform_with_a_reason(launch: Launch) -> None:
    launched = launch(WEB + "hopeless: sh -c 'exit 7'\n")

    assert launched.process.wait(timeout=120) == 1
    assert "hopeless ended 5 times" in launched.printed
    assert str(launched.var / "log" / "hopeless.log") in launched.printed
    assert launched.is_all_gone()
