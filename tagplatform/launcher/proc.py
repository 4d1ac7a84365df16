"""Which processes live, read from /proc; where there is no /proc only signal 0 answers."""

import os
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")


def is_alive(pid: int) -> bool:
    """True for a running process of any user; a zombie counts as dead."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _state(pid) != "Z"


def working_directory(pid: int) -> Path | None:
    """Where the process stands; None when it is gone or not ours to look at."""
    try:
        return (PROC / str(pid) / "cwd").readlink()
    except OSError:
        return None


def command_name(pid: int) -> str:
    """The program's short name as the kernel keeps it; empty when the process is gone."""
    try:
        return (PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""


def has_environment(pid: int, variable: str, value: str) -> bool:
    """True when the process was started with exactly this variable."""
    try:
        environment = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return False
    return f"{variable}={value}".encode() in environment.split(b"\0")


def can_see_processes() -> bool:
    """False on systems without /proc."""
    return PROC.is_dir()


def process_ids() -> Iterator[int]:
    """Every process of the machine that can be seen."""
    if can_see_processes():
        yield from (int(path.name) for path in PROC.iterdir() if path.name.isdigit())


def _state(pid: int) -> str:
    try:
        after_name = (PROC / str(pid) / "stat").read_text().rpartition(")")[2]
    except OSError:
        return "?"
    return after_name.split()[0]
