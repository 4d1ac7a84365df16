"""A small process that outlives a killed launcher just long enough to end what it had started."""

import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
DISMISSED = b"."


@dataclass(frozen=True)
class Guard:
    """The launcher's end of the pipe: when it closes without a word, the guard cleans up."""

    pid: int
    pipe: int

    def dismiss(self) -> None:
        """Tell the guard that everything is stopped, and wait for its end."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self.pipe, DISMISSED)
        os.close(self.pipe)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def start_guard(clean_up: Callable[[], None]) -> Guard:
    """Fork the guard; call it before any thread starts. It holds the launcher's locks until it ends."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(write_end)
        _watch(read_end, clean_up)
    os.close(read_end)
    return Guard(pid, write_end)


def _watch(read_end: int, clean_up: Callable[[], None]) -> None:
    try:
        os.setsid()
        for number in IGNORED:
            signal.signal(number, signal.SIG_IGN)
        _let_go_of_terminal()
        if os.read(read_end, 1) != DISMISSED:
            clean_up()
    finally:
        os._exit(0)


def _let_go_of_terminal() -> None:
    """Whoever reads the launcher's output sees its end when the launcher ends, not when the guard does."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
