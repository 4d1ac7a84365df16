"""Where the time of a training run went: seconds and CPU seconds of each stage, in the order in which they came."""

import resource
import time
from dataclasses import dataclass
from typing import Any

CHAPTERS = ("data", "twin", "baseline", "gate", "whole")
"""Collecting, the version's twin, the baseline, the comparison with the champion, the bundle that learns everything."""


@dataclass
class _Spent:
    """Seconds of the wall clock and of the processors (this process and the children that have ended)."""

    wall: float = 0.0
    cpu: float = 0.0


class StageClock:
    """Adds up what each stage of each chapter takes; a stage lasts until another one begins."""

    def __init__(self) -> None:
        self._spent: dict[tuple[str, str], _Spent] = {}
        self._present: tuple[str, str] | None = None
        self._since = _Spent()

    def begin(self, chapter: str, stage: str) -> None:
        """From now on the time is this stage's; one that comes back goes on adding up."""
        self._close()
        self._present = (chapter, stage)

    def rows(self) -> list[dict[str, Any]]:
        """`chapter`, `stage`, `seconds` and `cpu_seconds` of each stage until now."""
        self._close()
        return [
            {"chapter": chapter, "stage": stage, "seconds": round(spent.wall, 2), "cpu_seconds": round(spent.cpu, 2)}
            for (chapter, stage), spent in self._spent.items()
        ]

    def _close(self) -> None:
        now = _Spent(time.monotonic(), _cpu_seconds())
        if self._present is not None:
            spent = self._spent.setdefault(self._present, _Spent())
            spent.wall += now.wall - self._since.wall
            spent.cpu += now.cpu - self._since.cpu
        self._since = now


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
