"""Compares the systems on the data sets and writes tables and figures.

usage: python -m benchmarks.compare [--sets NAME …] [--systems NAME …] [--data FOLDER] [--again] [--time-again]

A pair of set and system that has run in this very version is not run again, so a run that was cut goes on where it was.
"""

import argparse
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

from benchmarks.compare.documents import DataSet
from benchmarks.compare.measure import Broken, Limits, OverLimit
from benchmarks.compare.report import write_report
from benchmarks.compare.runs import Setting, is_settled, place_of, run, timed, version_of
from benchmarks.compare.systems import ROOT, SYSTEMS, Shape, System
from benchmarks.compare.versions import installed_recipes, is_installed


@dataclass(frozen=True)
class Choices:
    """What was asked for on the command line."""

    again: bool
    time_again: bool
    setting: Setting


def main() -> None:
    """Run what has not run yet, then write the results."""
    signal.signal(signal.SIGTERM, _leave)
    chosen = _parser().parse_args()
    sets = _sets(chosen.data, chosen.sets)
    systems = _systems(chosen.systems)
    setting = Setting(chosen.work, Limits(chosen.time_limit, chosen.memory_limit_mb), chosen.threads)
    choices = Choices(chosen.again, chosen.time_again, setting)
    for number, data in enumerate(sets):
        for place, system in enumerate(systems, 1):
            _one(data, system, choices, f"[{number * len(systems) + place}/{len(sets) * len(systems)}]")
        write_report([data], setting.work)
    print(f"written: {write_report(sets, setting.work)}", flush=True)


def _leave(number: int, frame: FrameType | None) -> None:
    """End as after Ctrl-C, so that the step that is running is ended, too."""
    raise SystemExit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("--sets", nargs="*", default=[], help="folders' names; all, smallest first, without it")
    parser.add_argument("--systems", nargs="*", default=[], help="all without it")
    parser.add_argument("--data", type=Path, default=ROOT / ".." / "shared" / "data", help="folder of data sets")
    parser.add_argument("--work", type=Path, default=ROOT / "var" / "bench", help="models, predictions, figures")
    parser.add_argument("--again", action="store_true", help="run anew what has run")
    parser.add_argument("--time-again", action="store_true", help="measure only the speed anew, with the same models")
    parser.add_argument("--time-limit", type=float, default=7200, help="seconds for one step of one system")
    parser.add_argument("--memory-limit-mb", type=float, default=12_000)
    parser.add_argument("--threads", type=int, default=1)
    return parser


def _sets(folder: Path, names: Sequence[str]) -> list[DataSet]:
    """The sets asked for in that order, or all of them, smallest first."""
    if names:
        chosen = [DataSet((folder / name).resolve()) for name in names]
        missing = [data.name for data in chosen if not data.part("train").is_file()]
        if missing:
            raise SystemExit(f"no train.jsonl.gz for {', '.join(missing)} in {folder}")
        return chosen
    found = [DataSet(path.parent.resolve()) for path in folder.glob("*/train.jsonl.gz")]
    if not found:
        raise SystemExit(f"no data sets in {folder}: each is a folder with train.jsonl.gz, dev.jsonl.gz, test.jsonl.gz")
    return sorted(found, key=lambda data: data.part("train").stat().st_size)


def _systems(names: Sequence[str]) -> list[System]:
    known = {system.name: system for system in SYSTEMS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"no system {', '.join(unknown)}; there are: {', '.join(known)}")
    return [known[name] for name in names] if names else list(SYSTEMS)


def _one(data: DataSet, system: System, choices: Choices, counter: str) -> None:
    say = partial(_say, f"{counter} {data.name} × {system.name}")
    place = place_of(choices.setting.work, data, system)
    version = version_of(system, data)
    obstacle = _obstacle(data, system)
    if obstacle:
        place.folder.mkdir(parents=True, exist_ok=True)
        if place.read().get("status") != "done" or system.is_peer:
            place.write({"set": data.name, "system": system.name, "status": "not run", "reason": obstacle})
        say(obstacle)
    elif choices.time_again and place.model.exists() and place.read().get("status") == "done":
        _time_again(data, system, choices.setting, say)
    elif choices.again or not is_settled(place, version, choices.setting.limits):
        record = run(system, data, choices.setting, say)
        say(record.get("reason") or f"done, {record['train']['cpu_seconds']:.0f} CPU seconds of training")
    else:
        say("has run")


def _obstacle(data: DataSet, system: System) -> str:
    if not system.is_peer and system.recipe not in installed_recipes():
        return "not available: the library has no such recipe"
    if system.needs and not is_installed(system.needs):
        return f"not available: {system.needs} is not installed (requirements-transformer.txt)"
    documents = data.documents("train")
    return system.obstacle(Shape(len(documents), len({tag for document in documents for tag in document.tags})))


def _time_again(data: DataSet, system: System, setting: Setting, say: partial[None]) -> None:
    place = place_of(setting.work, data, system)
    try:
        place.write(place.read() | {"time": timed(system, data, setting, say)})
    except (Broken, OverLimit) as problem:
        say(f"timing failed: {problem}")


def _say(about: str, what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {about}: {what}", flush=True)


if __name__ == "__main__":
    main()
