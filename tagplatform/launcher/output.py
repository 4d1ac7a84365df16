"""What the processes print: all of it into bounded files under var/log, what matters to the terminal."""

import contextlib
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

from honcho.colour import get_colours

BYTES_PER_LOG = 5_000_000
OLD_LOGS = 2
PROGRESS_EVERY_SECONDS = 5.0  # where the output is no terminal and cannot be drawn over

LOUD = re.compile(r"")
OWN_NEWS = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b|^Traceback |\bINFO (tagplatform|recommender|feedback)\b")
TROUBLE = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b|^Traceback ")


class Terminal:
    """Lines with short coloured prefixes, and one progress line drawn over itself at the bottom."""

    def __init__(self, stream: IO[str] = sys.stdout) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._is_tty = stream.isatty()
        self._colours: dict[str, str] = {}
        self._palette = get_colours()
        self._progress_shown = False
        self._progress_time = 0.0

    def say(self, text: str) -> None:
        """Print the launcher's own words."""
        with self._lock:
            self._write(text + "\n")

    def line(self, name: str, text: str) -> None:
        """Print one line of a process."""
        with self._lock:
            self._write(f"{self._prefix(name)}{text}\n")

    def progress(self, name: str, text: str) -> None:
        """Show a state that the next one replaces; seldom, where nothing can be replaced."""
        with self._lock:
            if self._is_tty:
                self._write(f"{self._prefix(name)}{text}")
                self._progress_shown = True
            elif time.monotonic() - self._progress_time > PROGRESS_EVERY_SECONDS:
                self._progress_time = time.monotonic()
                self._write(f"{self._prefix(name)}{text}\n")

    def _prefix(self, name: str) -> str:
        prefix = f"{name:<8}| "
        if not self._is_tty:
            return prefix
        colour = self._colours.setdefault(name, "") or next(self._palette)
        self._colours[name] = colour
        return f"\033[0m\033[{colour}m{prefix}\033[0m"

    def _write(self, text: str) -> None:
        clear = "\r\033[K" if self._progress_shown else ""
        self._progress_shown = False
        # A terminal that was closed takes no words; stopping in order matters more
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(clear + text)
            self._stream.flush()


class ProcessOutput:
    """Follows one process's output to its end: each line to the log, the important ones to the terminal."""

    def __init__(self, name: str, log_directory: Path, terminal: Terminal, important: re.Pattern[str]) -> None:
        self._name = name
        self._terminal = terminal
        self._important = important
        self._in_traceback = False
        self._log = RotatingFileHandler(
            log_directory / f"{name}.log", maxBytes=BYTES_PER_LOG, backupCount=OLD_LOGS, encoding="utf-8"
        )

    def follow(self, stream: IO[bytes]) -> None:
        """Read until the last writer closes its end; runs in a thread of its own."""
        for text, is_progress in pieces(stream):
            if is_progress:
                self._terminal.progress(self._name, text)
                continue
            self._log.handle(logging.makeLogRecord({"msg": text}))
            if self._matters(text):
                self._terminal.line(self._name, text)

    def close(self) -> None:
        self._log.close()

    def _matters(self, text: str) -> bool:
        if self._in_traceback:
            self._in_traceback = not text or text.startswith(" ")
            return True
        self._in_traceback = text.startswith("Traceback ")
        return bool(self._important.search(text))


def pieces(stream: IO[bytes]) -> Iterator[tuple[str, bool]]:
    """Cut a stream into (text, is_progress); a progress bar ends its states with a carriage return."""
    rest = b""
    while chunk := os.read(stream.fileno(), 65536):
        *complete, rest = re.split(rb"(\r?\n|\r)", rest + chunk)
        for text, end in zip(complete[::2], complete[1::2], strict=True):
            if text.strip():
                yield text.decode("utf-8", "replace"), end == b"\r"
    if rest.strip():
        yield rest.decode("utf-8", "replace"), False
