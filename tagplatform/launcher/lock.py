"""One launcher per var folder: a lock that the kernel lets go of when its holders are gone."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tagplatform.launcher.errors import LauncherError
from tagplatform.launcher.proc import is_alive

CLEANING_TIMEOUT_SECONDS = 60.0


@contextmanager
def only_launcher(var: Path, address: str) -> Iterator[None]:
    """Hold var/run/launcher.lock; LauncherError says where the one that holds it answers."""
    path = var / "run" / "launcher.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        _lock(file, var)
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "address": address}))
        file.flush()
        yield
        file.truncate(0)


@contextmanager
def database_user(var: Path) -> Iterator[Callable[[], bool]]:
    """Counts as a user of the embedded database; yields what tells whether this is the last one."""
    path = var / "run" / "database-users.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_SH)

        def is_last() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        yield is_last


def _lock(file: IO[str], var: Path) -> None:
    deadline = time.monotonic() + CLEANING_TIMEOUT_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _raise_if_running(file, var)
        else:
            return
        if time.monotonic() > deadline:
            raise LauncherError(f"An earlier run is still stopping ({file.name}). Try again in a moment.")
        time.sleep(0.1)


def _raise_if_running(file: IO[str], var: Path) -> None:
    """The holder is the launcher itself, or the guard that cleans up after it."""
    file.seek(0)
    try:
        holder = json.loads(file.read())
    except ValueError:
        return
    if is_alive(holder["pid"]):
        raise LauncherError(
            f"The platform already runs from {var}: {holder['address']} (process {holder['pid']}).\n"
            "Stop it with Ctrl-C there, or set TAGPLATFORM_VAR to another folder for a second one."
        )
