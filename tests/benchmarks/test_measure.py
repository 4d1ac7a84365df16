"""What the benchmark says a process cost, and that limits hold."""

import sys
import time
from pathlib import Path

import pytest

from benchmarks.compare.measure import Broken, Cost, Limits, OverLimit, measured

LIMITS = Limits(seconds=60, memory_mb=4000)
GRANDCHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}], check=True)"
BUSY = "import time\nwhile time.process_time() < 0.6: pass"
LARGE = "import time; kept = bytearray(300_000_000); time.sleep(0.6)"


def run(code: str, folder: Path, limits: Limits = LIMITS) -> Cost:
    command = [sys.executable, "-c", code]
    return measured(command, folder=folder, log=folder / "log.txt", limits=limits, threads=1)


def test_cpu_seconds_of_a_grandchild_count(tmp_path: Path) -> None:
    cost = run(GRANDCHILD.format(code=BUSY), tmp_path)

    assert cost.cpu_seconds >= 0.6
    assert cost.wall_seconds >= 0.6


def test_memory_of_a_grandchild_counts(tmp_path: Path) -> None:
    cost = run(GRANDCHILD.format(code=LARGE), tmp_path)

    assert 300 < cost.peak_memory_mb < 450


def test_sleeping_costs_no_cpu(tmp_path: Path) -> None:
    cost = run("import time; time.sleep(1)", tmp_path)

    assert cost.wall_seconds >= 1
    assert cost.cpu_seconds < 0.6


def test_a_process_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    started = time.monotonic()

    with pytest.raises(OverLimit, match="did not finish in 1 s"):
        run("import time; time.sleep(60)", tmp_path, Limits(seconds=1, memory_mb=4000))

    assert time.monotonic() - started < 20


def test_a_process_that_takes_too_much_memory_is_ended(tmp_path: Path) -> None:
    code = "import time; kept = bytearray(300_000_000); time.sleep(60)"

    with pytest.raises(OverLimit, match="went over 200 MB"):
        run(code, tmp_path, Limits(seconds=60, memory_mb=200))


def test_an_error_is_told_with_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="ended with status 1: ValueError: no such thing"):
        run("raise ValueError('no such thing')", tmp_path)
