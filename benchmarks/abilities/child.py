"""One ability of a trained model, measured in a process of its own.

usage: python -m benchmarks.abilities.child ABILITY --data FOLDER --model BUNDLE --output FILE …
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from benchmarks.abilities import calibration, chosen, deletion, unseen
from benchmarks.abilities.lessons import Opened
from benchmarks.compare.documents import DataSet


def main() -> None:
    """Measure one ability and write its figures as JSON."""
    asked = _parser().parse_args()
    known = Opened(DataSet(asked.data), asked.model)
    abilities: dict[str, Callable[[], dict[str, float]]] = {
        "calibration": lambda: calibration.figures(known),
        "chosen": lambda: chosen.figures(known, asked.seed),
        "deletion": lambda: deletion.figures(known, asked.seed),
        "unseen": lambda: unseen.figures(known, Opened(DataSet(asked.data), asked.later), _names(asked.hidden)),
    }
    asked.output.write_text(json.dumps(abilities[asked.ability]()), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ability", choices=("calibration", "chosen", "deletion", "unseen"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--later", type=Path, help="a bundle that was trained without the hidden tags")
    parser.add_argument("--hidden", type=Path, help="their names as a JSON list")
    return parser


def _names(path: Path) -> list[str]:
    names: list[str] = json.loads(path.read_text(encoding="utf-8"))
    return names


if __name__ == "__main__":
    main()
