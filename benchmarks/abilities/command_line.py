"""What the commands that train and measure have in common: arguments, the setting they give, and files of results."""

import argparse
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from benchmarks.abilities.models import Setting
from benchmarks.compare.measure import Limits
from benchmarks.compare.results import Figures, read_figures, write_figures
from benchmarks.compare.runs import SEED
from benchmarks.compare.systems import ROOT


def parser(module: str, description: str | None, *, work: str) -> argparse.ArgumentParser:
    """Takes sets, recipe, folders, seed and limits; `work` is the folder under var/."""
    made = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    made.add_argument("--sets", nargs="*", default=[], help="folders' names; the usual ones without it")
    made.add_argument("--recipe", default="auto")
    made.add_argument("--data", type=Path, default=ROOT / ".." / "shared" / "data", help="folder of data sets")
    made.add_argument("--work", type=Path, default=ROOT / "var" / work, help="models and logs")
    bench = ROOT / "var" / "bench"
    made.add_argument("--compared", type=Path, default=bench, help="the folder of benchmarks.compare, for its models")
    made.add_argument("--seed", type=int, default=SEED)
    made.add_argument("--time-limit", type=float, default=7200, help="seconds for one training or measurement")
    made.add_argument("--memory-limit-mb", type=float, default=12_000)
    made.add_argument("--threads", type=int, default=1)
    return made


def setting_of(asked: argparse.Namespace) -> Setting:
    """The setting; from now on SIGTERM ends as Ctrl-C does, so that what is running is ended, too."""
    signal.signal(signal.SIGTERM, _leave)
    limits = Limits(asked.time_limit, asked.memory_limit_mb)
    return Setting(asked.work, asked.recipe, asked.seed, limits, asked.threads, asked.compared)


def keep(figures: Figures, results: Path, page: Callable[[Figures], str]) -> None:
    """Write all figures, and the page beside them."""
    write_figures(results, figures)
    results.with_suffix(".md").write_text(page(read_figures(results)), encoding="utf-8")


def say(about: str, what: str) -> None:
    """One line with the time of day."""
    print(f"{time.strftime('%H:%M:%S')} {about}: {what}", flush=True)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
