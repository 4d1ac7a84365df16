"""`make run`: database, migrations, processes; and all of them down again, whatever ends the launcher."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tagplatform.launcher.embedded import EmbeddedDatabase, start_embedded_database, stop_embedded_database
from tagplatform.launcher.environment import Settings
from tagplatform.launcher.errors import LauncherError
from tagplatform.launcher.guard import start_guard
from tagplatform.launcher.leftovers import GRACE_SECONDS, end_marked_processes, mark
from tagplatform.launcher.lock import database_user, only_launcher
from tagplatform.launcher.output import Terminal
from tagplatform.launcher.static_files import is_collected, note_collected
from tagplatform.launcher.supervisor import Supervisor

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TICK_SECONDS = 0.1
FIRST = "web"
OTHERS_WAIT_AT_MOST_SECONDS = 30.0


class StopSignals:
    """Counts the wishes to stop; the first one means in order, the second one at once."""

    def __init__(self) -> None:
        self.n_received = 0
        for number in STOP_SIGNALS:
            signal.signal(number, self._receive)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.n_received += 1

    @property
    def received(self) -> bool:
        return self.n_received > 0


class StoppedError(Exception):
    """Somebody asked to stop before everything was up."""


def run(settings: Settings, terminal: Terminal) -> None:
    """Run the platform until somebody stops it; LauncherError says why it could not start or go on."""
    signals = StopSignals()
    with only_launcher(settings.var, settings.address), database_user(settings.var):
        check_port(settings)
        guard = start_guard(lambda: _clean_up(settings))
        try:
            end_marked_processes(settings.var)
            _run(settings, terminal, signals)
        except StoppedError:
            terminal.say("Stopped.")
        finally:
            _clean_up(settings)
            guard.dismiss()


def check_port(settings: Settings) -> None:
    """Raise LauncherError when the web server could not listen."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            other = settings.port + 1 if settings.port > 1023 else 8000
            raise LauncherError(
                f"Port {settings.port} on {settings.host} cannot be used: {error.strerror}.\n"
                f"Choose another one: make run PORT={other}"
            ) from error


def _run(settings: Settings, terminal: Terminal, signals: StopSignals) -> None:
    with _database(settings, terminal) as database:
        _raise_if(signals.received)
        _prepare(settings, terminal, signals)
        supervisor = Supervisor(settings, terminal)
        try:
            _supervise(settings, terminal, signals, supervisor, database)
        finally:
            _end(supervisor, terminal, signals)
    terminal.say("Stopped. All data is kept; make run goes on from here.")


@contextmanager
def _database(settings: Settings, terminal: Terminal) -> Iterator[EmbeddedDatabase | None]:
    if not settings.has_own_database:
        yield None
        return
    is_new = not (settings.postgres_directory / "PG_VERSION").exists()
    terminal.say(f"Making a database in {settings.postgres_directory} ..." if is_new else "Starting the database ...")
    database = start_embedded_database(settings.postgres_directory)
    try:
        yield database
    finally:
        database.stop()


def _prepare(settings: Settings, terminal: Terminal, signals: StopSignals) -> None:
    """Run prepare.py, which knows Django; the first admin's password goes to the terminal as it is."""
    terminal.say("Bringing tables and static files up to date ...")
    collected = is_collected(settings.project, settings.var)
    process = subprocess.Popen(
        [sys.executable, "-m", "tagplatform.launcher.prepare", *([] if collected else ["--static"])],
        cwd=settings.project,
        env={**settings.process_environment(), **mark(settings.var)},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    while process.poll() is None:
        _raise_if(signals.received)
        time.sleep(TICK_SECONDS / 4)
    if process.returncode != 0:
        raise LauncherError("The database could not be brought up to date; the reason stands above.")
    if not collected:
        note_collected(settings.project, settings.var)


def _supervise(
    settings: Settings,
    terminal: Terminal,
    signals: StopSignals,
    supervisor: Supervisor,
    database: EmbeddedDatabase | None,
) -> None:
    """The web server first, so that pages are up soon on a small machine; then the rest, until a stop."""
    supervisor.start(FIRST)
    started, is_announced, others_started = time.monotonic(), False, False
    while not signals.received:
        if not is_announced and (is_announced := answers(settings)):
            _announce(settings, terminal)
        if not others_started and (is_announced or time.monotonic() - started > OTHERS_WAIT_AT_MOST_SECONDS):
            others_started = True
            supervisor.start()
        supervisor.look_after()
        _look_after_database(database, terminal)
        time.sleep(TICK_SECONDS)


def answers(settings: Settings) -> bool:
    """True once the web server says anything sensible about its health."""
    try:
        urllib.request.urlopen(f"http://{settings.probed_host}:{settings.port}/healthz", timeout=2).close()
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False
    return True


def _announce(settings: Settings, terminal: Terminal) -> None:
    pages = {"Desk": "/", "Admin": "/admin/", "API docs": "/api/docs/"}
    lines = [f"  {name:<9} {settings.address}{path}" for name, path in pages.items()]
    terminal.say("\n".join(["", *lines, "", f"Logs are in {settings.var / 'log'}. Ctrl-C stops everything.", ""]))


def _look_after_database(database: EmbeddedDatabase | None, terminal: Terminal) -> None:
    if database is not None and not database.is_running():
        terminal.say("The database ended; starting it again ...")
        start_embedded_database(database.data_directory)


def _end(supervisor: Supervisor, terminal: Terminal, signals: StopSignals) -> None:
    """Ask all processes to end and wait a little; a second wish to stop ends the waiting."""
    if supervisor.running():
        terminal.say("Stopping ...")
    supervisor.ask_to_end()
    deadline, n_wishes = time.monotonic() + GRACE_SECONDS, signals.n_received
    while supervisor.running() and time.monotonic() < deadline and signals.n_received <= max(n_wishes, 1):
        time.sleep(TICK_SECONDS / 2)
    supervisor.end()


def _clean_up(settings: Settings) -> None:
    """Nothing of ours stays behind: also the guard's whole work after a kill -9."""
    end_marked_processes(settings.var)
    if settings.has_own_database:
        stop_embedded_database(settings.postgres_directory)


def _raise_if(stopped: bool) -> None:
    if stopped:
        raise StoppedError


def silence_closed_terminal() -> None:
    """A closed terminal must not turn the last flush of an orderly end into an error."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
