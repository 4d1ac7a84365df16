"""Runs a module of ours in a child process: it can be cancelled, and its memory goes back with it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

_POLL_SECONDS = 0.25
_TAIL_BYTES = 400
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


class ChildFailed(Exception):
    """The child ended with an error; the message holds its status and its last words."""


def run_module(
    module: str,
    folder: Path,
    *,
    fraction_done: Callable[[bytes], float],
    on_progress: Callable[[float], None],
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run `python -m module folder` to its end; what it writes goes to `log.txt` in the folder.

    `on_progress` hears what `fraction_done` makes of the log's last 400 bytes, and never a smaller fraction than
    before. What it raises ends the child and comes out. Raises ChildFailed.
    """
    log = folder / "log.txt"
    search_path = os.pathsep.join(filter(None, [str(_PACKAGE_ROOT), os.environ.get("PYTHONPATH")]))
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", module, str(folder)],
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(environment or {}), "PYTHONPATH": search_path},
        )
    try:
        done = 0.0
        while child.poll() is None:
            done = max(done, fraction_done(_tail(log)))
            on_progress(done)
            time.sleep(_POLL_SECONDS)
    finally:
        child.kill()
        child.wait()
    if child.returncode != 0:
        raise ChildFailed(f"ended with {child.returncode}: {_tail(log).decode(errors='replace').strip()}")


def _tail(log: Path) -> bytes:
    with log.open("rb") as file:
        file.seek(max(log.stat().st_size - _TAIL_BYTES, 0))
        return file.read()
