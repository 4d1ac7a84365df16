"""Keeps the Procfile's processes running: starts them, starts them again when they fall, stops them all."""

import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field

from honcho.environ import parse_procfile

from tagplatform.launcher.environment import Settings
from tagplatform.launcher.errors import LauncherError
from tagplatform.launcher.leftovers import end_marked_processes, group_of, mark, marked_processes, send
from tagplatform.launcher.output import LOUD, OWN_NEWS, TROUBLE, ProcessOutput, Terminal

ONE_SHOT = "demo"
IMPORTANT: dict[str, re.Pattern[str]] = {ONE_SHOT: LOUD, "trainer": OWN_NEWS}
MOST_RESTARTS = 4
FORGOTTEN_AFTER_SECONDS = 300.0


@dataclass
class Service:
    """One line of the Procfile and the process that runs it now."""

    name: str
    command: str
    output: ProcessOutput
    process: subprocess.Popen[bytes] | None = None
    falls: list[float] = field(default_factory=list)
    start_again_at: float | None = None
    is_done: bool = False

    def recent_falls(self) -> int:
        """How often it fell lately: once up for long enough, old falls are forgiven."""
        now = time.monotonic()
        return sum(now - fall < FORGOTTEN_AFTER_SECONDS for fall in self.falls)


class Supervisor:
    """Runs the services of one Procfile; all their processes carry the mark of the var folder."""

    def __init__(self, settings: Settings, terminal: Terminal) -> None:
        self._folder = settings.project
        self._var = settings.var
        self._environment = {**settings.process_environment(), **mark(settings.var)}
        self._terminal = terminal
        logs = settings.var / "log"
        logs.mkdir(parents=True, exist_ok=True)
        self.services = [
            Service(name, command, ProcessOutput(name, logs, terminal, IMPORTANT.get(name, TROUBLE)))
            for name, command in parse_procfile(settings.procfile.read_text(encoding="utf-8")).processes.items()
        ]

    def start(self, *names: str) -> None:
        """Start the services of these names, or all that do not run yet."""
        for service in self.services:
            if service.process is None and (not names or service.name in names):
                self._start(service)

    def look_after(self) -> None:
        """Start again what has fallen, a little later each time; LauncherError when it falls too often."""
        for service in self.services:
            if service.start_again_at is not None:
                if time.monotonic() >= service.start_again_at:
                    self._start(service)
            elif service.process is not None and service.process.poll() is not None and not service.is_done:
                self._take_note_of_end(service, service.process.returncode)

    def ask_to_end(self) -> None:
        """Send SIGTERM to each service; its own children are its own business."""
        for service in self.services:
            service.start_again_at = None
            if service.process is not None and service.process.poll() is None:
                service.process.terminate()

    def running(self) -> list[str]:
        """Names of the services whose process lives."""
        return [s.name for s in self.services if s.process is not None and s.process.poll() is None]

    def end(self) -> None:
        """Kill what did not end when asked, children of children included."""
        end_marked_processes(self._var, grace_seconds=1.0)
        for service in self.services:
            if service.process is not None:
                service.process.kill()
                service.process.wait()
            service.output.close()

    def _start(self, service: Service) -> None:
        service.start_again_at = None
        service.process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {service.command}"],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert service.process.stdout is not None
        reader = threading.Thread(target=service.output.follow, args=(service.process.stdout,), daemon=True)
        reader.start()

    def _take_note_of_end(self, service: Service, code: int) -> None:
        if service.name == ONE_SHOT:
            service.is_done = True
            if code:
                self._terminal.say(
                    f"{service.name} ended ({_in_words(code)}); the rest goes on. {self._log_of(service)}"
                )
            return
        self._kill_group(service)
        service.falls.append(time.monotonic())
        if (n_falls := service.recent_falls()) > MOST_RESTARTS:
            raise LauncherError(f"{service.name} ended {n_falls} times in a row. {self._log_of(service)}")
        wait_seconds = 2 ** (n_falls - 1)
        service.start_again_at = time.monotonic() + wait_seconds
        self._terminal.say(f"{service.name} ended ({_in_words(code)}); starting it again in {wait_seconds} s.")

    def _kill_group(self, service: Service) -> None:
        """A fallen service's children would keep its port or its tasks."""
        assert service.process is not None
        for pid in marked_processes(self._var):
            if group_of(pid) == service.process.pid:
                send(pid, signal.SIGKILL)

    def _log_of(self, service: Service) -> str:
        return f"What it said stands in {self._var / 'log' / service.name}.log"


def _in_words(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
