"""Runs a command as a process of its own and measures what it and its children cost."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SECONDS_BETWEEN_LOOKS = 0.1
_INHERITED_AT_MOST = 1.1
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Limits:
    """What one process tree may take before it is ended."""

    seconds: float
    memory_mb: float


@dataclass(frozen=True)
class Cost:
    """Wall clock and CPU of the whole process tree, and its largest resident set (sum over the processes)."""

    wall_seconds: float
    cpu_seconds: float
    peak_memory_mb: float


class OverLimit(Exception):
    """A command took longer or more memory than it may; the message is for the report."""


class Broken(Exception):
    """A command ended with an error; the message is for the report."""


def measured(command: Sequence[str], *, folder: Path, log: Path, limits: Limits, threads: int) -> Cost:
    """Run in `folder` with output to `log`; raises OverLimit, with the whole tree ended, or Broken."""
    started = time.perf_counter()
    inherited_mb = _own_peak_mb()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdout=output, stderr=output, env=_environment(threads), start_new_session=True
        )
    peak_mb = 0.0
    try:
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            peak_mb = max(peak_mb, _resident_mb(process.pid))
            _check(time.perf_counter() - started, peak_mb, limits)
            time.sleep(_SECONDS_BETWEEN_LOOKS)
    except BaseException:
        _end(process)
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Broken(f"ended with status {process.returncode}: {_last_line(log)}")
    seconds = time.perf_counter() - started
    # Until it becomes another program a child shares its parent's pages, and their peak counts as its own
    reported_mb = usage.ru_maxrss * 1024 / 1e6
    if reported_mb > _INHERITED_AT_MOST * inherited_mb:
        peak_mb = max(peak_mb, reported_mb)
    return Cost(seconds, usage.ru_utime + usage.ru_stime, peak_mb)


def _environment(threads: int) -> Mapping[str, str]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(names, str(threads)), "PYTHONHASHSEED": "0"}


def _resident_mb(pid: int) -> float:
    """Resident memory of a process and all its descendants, from /proc; what has just ended counts nothing."""
    try:
        own = _own_mb(pid)
        children = [child for file in Path(f"/proc/{pid}/task").glob("*/children") for child in _words(file)]
    except OSError:
        return 0.0
    return own + sum(_resident_mb(int(child)) for child in children)


def _own_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * _PAGE_BYTES / 1e6


def _own_peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def _words(file: Path) -> list[str]:
    return file.read_text(encoding="ascii").split()


def _check(seconds: float, memory_mb: float, limits: Limits) -> None:
    if seconds > limits.seconds:
        raise OverLimit(f"did not finish in {limits.seconds:.0f} s")
    if memory_mb > limits.memory_mb:
        raise OverLimit(f"went over {limits.memory_mb:.0f} MB of memory after {seconds:.0f} s")


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else "no message"
