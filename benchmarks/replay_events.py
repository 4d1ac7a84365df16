"""Plays the real changes of a site's topics through the platform and writes results/replay_events.csv.

usage: .venv/bin/python benchmarks/replay_events.py --data FOLDER --after FOLDER [--stored N] [--probes N]

The folder of --data has events.jsonl.gz; --after is the same site after the last of them. What was played to its end
with the same setting is not played again.
"""

import argparse
import os
import signal
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)
os.environ["PYTHONPATH"] = str(ROOT)

from benchmarks.compare.documents import read_rows  # noqa: E402
from benchmarks.replaying.arms import FULL, NEVER  # noqa: E402
from benchmarks.replaying.changes import Sampling, history_of  # noqa: E402
from benchmarks.replaying.following import Case, follow  # noqa: E402
from benchmarks.replaying.results import finished, keep, leave, say, write_csv  # noqa: E402


def main() -> None:
    """Both arms: never retrained, and after every period."""
    asked = _parser().parse_args()
    signal.signal(signal.SIGTERM, leave)
    sampling = Sampling(asked.stored, asked.probes, seed=asked.seed)
    setting = {"data": asked.data.name, "after": asked.after.name, "recipe": asked.recipe} | asdict(sampling)
    history = history_of(asked.data, asked.after, sampling)
    tag_rows = list(read_rows(asked.data / "tags.jsonl.gz"))
    found = {}
    for arm in (NEVER, FULL):
        folder = asked.work / f"events-{asked.stored}-{asked.probes}-{asked.recipe}-{asked.seed}" / arm.name
        figures = finished(folder, setting)
        if figures is None:
            case = Case(history, tag_rows, arm.policies(recipe=asked.recipe, seed=asked.seed, config={}))
            figures = follow(case, folder, partial(say, arm.name), retrain=arm.is_retrained)
            keep(folder, setting, figures, [])
        found[arm.name] = figures
        asked.results.mkdir(parents=True, exist_ok=True)
        write_csv(asked.results / "replay_events.csv", found)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a data set with events.jsonl.gz")
    parser.add_argument("--after", type=Path, required=True, help="the data set of the same site after its changes")
    parser.add_argument("--stored", type=int, default=500, help="documents that the platform holds (500)")
    parser.add_argument("--probes", type=int, default=150, help="documents that it never sees and is asked for (150)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--recipe", default="auto")
    parser.add_argument("--work", type=Path, default=ROOT / "var" / "replay", help="installations and their logs")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    return parser


if __name__ == "__main__":
    main()
