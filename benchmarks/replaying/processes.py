"""What a process and everything that it has started have cost, from /proc."""

import os
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_FIRST_FIELD = 3  # of what follows the name in parentheses, as proc(5) numbers them
_CPU_FIELDS = (14, 15, 16, 17)  # utime, stime, and those of children that have ended


def cpu_seconds(pid: int) -> float:
    """Processor seconds of the tree of processes so far; 0 where the process is gone."""
    try:
        own = _own(pid)
        children = [int(word) for file in Path(f"/proc/{pid}/task").glob("*/children") for word in _words(file)]
    except OSError:
        return 0.0
    return own + sum(cpu_seconds(child) for child in children)


def _own(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(int(fields[field - _FIRST_FIELD]) for field in _CPU_FIELDS) / _TICKS_A_SECOND


def _words(file: Path) -> list[str]:
    return file.read_text(encoding="ascii").split()
