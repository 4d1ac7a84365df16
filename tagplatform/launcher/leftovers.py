"""Finds and ends a launcher's processes, also a killed one's: they carry its mark in their environment."""

import contextlib
import os
import signal
import time
from pathlib import Path

from tagplatform.launcher.proc import has_environment, process_ids

MARK = "TAGPLATFORM_LAUNCHED_FROM"
GRACE_SECONDS = 8.0
POLL_SECONDS = 0.1


def mark(var: Path) -> dict[str, str]:
    """The environment variable that every process launched for this var folder gets."""
    return {MARK: str(var)}


def marked_processes(var: Path) -> list[int]:
    """Living processes that were launched for this var folder, whoever is their parent now."""
    ours = (pid for pid in process_ids() if pid != os.getpid())
    return [pid for pid in ours if has_environment(pid, MARK, str(var))]


def end_marked_processes(var: Path, grace_seconds: float = GRACE_SECONDS) -> int:
    """Ask the leaders to end, then kill what is left; returns how many processes there were."""
    found = marked_processes(var)
    for pid in found:
        if group_of(pid) == pid:
            send(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while marked_processes(var) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    kill_marked_processes(var)
    return len(found)


def kill_marked_processes(var: Path) -> None:
    """Kill at once, again and again until none is left (one may just be starting another)."""
    for _ in range(50):
        remaining = marked_processes(var)
        if not remaining:
            return
        for pid in remaining:
            send(pid, signal.SIGKILL)
        time.sleep(POLL_SECONDS)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal; a process that is already gone is what we wanted."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def group_of(pid: int) -> int | None:
    """The process group; None when the process is gone."""
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None
