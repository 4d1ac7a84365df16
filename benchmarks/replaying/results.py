"""What a replay leaves: each arm's figures in its work folder, the CSV of all arms, lines on the terminal."""

import csv
import json
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

Figures = dict[str, dict[str, float]]  # month → metric → value
COLUMNS = ("arm", "month", "metric", "value")


def finished(folder: Path, setting: Mapping[str, Any]) -> Figures | None:
    """The figures of an arm that was played to its end with this very setting."""
    kept = _kept(folder, setting)
    return kept["figures"] if kept and kept["finished"] else None


def so_far(folder: Path, setting: Mapping[str, Any]) -> Figures:
    """The figures of an arm up to where it is, or was cut; empty where it has not begun."""
    kept = _kept(folder, setting)
    return kept["figures"] if kept else {}


def keep(folder: Path, setting: Mapping[str, Any], figures: Figures, notes: list[str], *, ended: bool = True) -> None:
    """Written whole or not at all; an arm that has not `ended` begins anew the next time."""
    kept = {"setting": setting, "finished": ended, "figures": figures, "notes": notes}
    aside = folder / "figures.json.new"
    aside.write_text(json.dumps(kept, indent=1, ensure_ascii=False), encoding="utf-8")
    aside.replace(folder / "figures.json")


def _kept(folder: Path, setting: Mapping[str, Any]) -> dict[str, Any] | None:
    path = folder / "figures.json"
    if not path.is_file():
        return None
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return kept if kept["setting"] == json.loads(json.dumps(setting)) else None


def write_csv(path: Path, figures_by_arm: Mapping[str, Figures]) -> None:
    """One row a figure, in the order of arm, month and metric."""
    rows = sorted(
        (arm, month, metric, f"{value:.6g}")
        for arm, months in figures_by_arm.items()
        for month, figures in months.items()
        for metric, value in figures.items()
    )
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def read_csv(path: Path) -> dict[str, Figures]:
    """Arm → month → metric → value; empty where there is no file yet."""
    figures: dict[str, Figures] = {}
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                months = figures.setdefault(row["arm"], {})
                months.setdefault(row["month"], {})[row["metric"]] = float(row["value"])
    return figures


def say(arm: str, what: str) -> None:
    """One line with the time of day."""
    print(f"{time.strftime('%H:%M:%S')} {arm}: {what}", flush=True)


def leave(number: int, frame: FrameType | None) -> None:
    """For SIGTERM: end as Ctrl-C does, so that the installation is ended, too."""
    raise SystemExit(128 + number)
