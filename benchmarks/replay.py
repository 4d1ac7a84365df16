"""Plays a dated data set through the real platform, arm by arm, and writes results/replay.csv and .md.

usage: .venv/bin/python benchmarks/replay.py --data FOLDER [--arms NAME …] [--documents N] [--months N] [--seed N]

An arm that was played to its end with the same setting is not played again (--again does).
"""

import argparse
import os
import signal
import sys
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)
os.environ["PYTHONPATH"] = str(ROOT)

from benchmarks.replaying.arms import ADJUSTED, ARMS, EXTRA_ARMS, SPIRAL  # noqa: E402
from benchmarks.replaying.attack import play_attack  # noqa: E402
from benchmarks.replaying.calendar import dated_documents, plan  # noqa: E402
from benchmarks.replaying.charts import photograph, write_charts  # noqa: E402
from benchmarks.replaying.playing import Replay, added_at_best, play  # noqa: E402
from benchmarks.replaying.report import page  # noqa: E402
from benchmarks.replaying.results import finished, keep, leave, say, so_far, write_csv  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"
ATTACK = "attack"
SHOWN = 10  # suggestions of a list, the platform's default


def main() -> None:
    """Play what has not been played; the files are written after each arm."""
    asked = _parser().parse_args()
    signal.signal(signal.SIGTERM, leave)
    months = plan(dated_documents(asked.data), n_documents=asked.documents, n_months=asked.months)
    replay = Replay(asked.data.resolve(), months, asked.seed, asked.recipe)
    work = asked.work / f"{replay.data.name}-{asked.documents}-{asked.months}-{asked.recipe}-{asked.seed}"
    if asked.report:
        write_results(replay, work, asked.results)
        return
    arms = [*asked.arms, *([SPIRAL.name] if asked.never_shown_is_negative else [])]
    for name in arms:
        if asked.again or finished(work / name, replay.as_dict()) is None:
            play(replay, (ARMS | EXTRA_ARMS)[name], work / name, partial(say, name))
        write_results(replay, work, asked.results)
    if asked.attack:
        if asked.again or finished(work / ATTACK, replay.as_dict()) is None:
            rows = play_attack(replay, ADJUSTED, work / ATTACK, partial(say, ATTACK))
            keep(work / ATTACK, replay.as_dict(), rows, [])
        write_results(replay, work, asked.results)


def write_results(replay: Replay, work: Path, results: Path) -> None:
    """All arms with this setting, an arm that was cut as far as it came: figures, page and charts."""
    known = {name: so_far(work / name, replay.as_dict()) for name in (*ARMS, *EXTRA_ARMS, ATTACK)}
    arms = {name: figures for name in ARMS if (figures := known[name])}
    extra = {name: figures for name in EXTRA_ARMS if (figures := known[name])}
    if not arms:
        return
    results.mkdir(parents=True, exist_ok=True)
    write_csv(results / "replay.csv", arms)
    if checks := extra | ({ATTACK: known[ATTACK]} if known[ATTACK] else {}):
        write_csv(results / "replay_checks.csv", checks)
    text = page(arms, replay.as_dict(), known[ATTACK], extra, added_at_best(replay, SHOWN))
    (results / "replay.md").write_text(text, encoding="utf-8")
    photograph(write_charts(arms | extra, work / "charts"), results / "replay.png")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a data set: train, dev and test as .jsonl.gz")
    parser.add_argument("--arms", nargs="*", choices=ARMS, default=list(ARMS))
    spiral = "also play an arm that takes what was never shown for a no, to see the popularity spiral"
    parser.add_argument("--never-shown-is-negative", action="store_true", help=spiral)
    parser.add_argument(
        "--attack", action="store_true", help="also let one person refuse, and one add, a tag everywhere"
    )
    parser.add_argument("--documents", type=int, default=750, help="the oldest so many are taken (750)")
    parser.add_argument("--months", type=int, default=12, help="the last so many of their months are played (12)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--recipe", default="auto")
    parser.add_argument("--report", action="store_true", help="only write the report of what has been played")
    parser.add_argument("--again", action="store_true", help="play arms anew that have been played")
    parser.add_argument("--work", type=Path, default=ROOT / "var" / "replay", help="installations and their logs")
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser


if __name__ == "__main__":
    main()
