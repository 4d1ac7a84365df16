"""What training says of itself: `report.json` in a bundle, read with patience for what is missing or odd.

Every key is optional, older bundles have no such file, and another version may write entries that this one does not
know: what cannot be read is left out, the rest is shown.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from recommender.ml.errors import BundleCorrupt

REPORT_FILE = "report.json"
Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Choice:
    """One thing that was decided, and why."""

    what: str
    value: str
    why: str


@dataclass(frozen=True)
class Part:
    """One part of the model: what it cost and how it was set."""

    name: str
    train_seconds: float | None
    n_bytes: int | None
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Gain:
    """A feature's share of what the fusion gains from all of them, 0 to 1."""

    feature: str
    share: float


@dataclass(frozen=True)
class Ablation:
    """The model without one of its parts, on dev: nDCG@5, and how far that is from the whole."""

    without: str
    ndcg_at_5: float
    difference: float | None


@dataclass(frozen=True)
class Trial:
    """Settings that the search tried on dev; `gain` is over the usual ones, with its standard error."""

    config: Mapping[str, Any]
    ndcg_at_5: float
    gain: float | None
    standard_error: float | None
    taken: bool


@dataclass(frozen=True)
class TrainingReport:
    """The whole of it; what the file does not say is empty."""

    choices: tuple[Choice, ...] = ()
    parts: tuple[Part, ...] = ()
    n_pairs: int | None = None
    n_trees: int | None = None
    gains: tuple[Gain, ...] = ()
    ablation: tuple[Ablation, ...] = ()
    search: tuple[Trial, ...] = ()
    dev: Mapping[str, float] = field(default_factory=dict)

    @property
    def times_parts(self) -> bool:
        """Whether it says how long any part took."""
        return any(part.train_seconds is not None for part in self.parts)

    @property
    def sets_parts(self) -> bool:
        """Whether it says how any part was set."""
        return any(part.settings for part in self.parts)

    @property
    def is_empty(self) -> bool:
        return self == TrainingReport()


def read_training_report(directory: Path) -> TrainingReport | None:
    """The bundle's report; None where it has none. Raises BundleCorrupt where the file is no JSON object."""
    path = directory / REPORT_FILE
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BundleCorrupt(f"{path} cannot be read ({error})") from error
    if not isinstance(stored, Mapping):
        raise BundleCorrupt(f"{path} holds {type(stored).__name__}, not an object")
    return training_report(stored)


def training_report(stored: Mapping[str, Any]) -> TrainingReport:
    """The typed report of a mapping as training writes it."""
    fusion = _mapping(stored.get("fusion"))
    dev = _mapping(stored.get("dev"))
    return TrainingReport(
        choices=_entries(stored.get("choice"), _choice),
        parts=_entries(stored.get("parts"), _part),
        n_pairs=_whole(fusion.get("n_pairs")),
        n_trees=_whole(fusion.get("n_trees")),
        gains=_entries(fusion.get("gains"), _gain),
        ablation=_entries(stored.get("ablation"), _ablation),
        search=_entries(stored.get("search"), _trial),
        dev={name: number for name, value in dev.items() if (number := _number(value)) is not None},
    )


def _choice(entry: Mapping[str, Any]) -> Choice | None:
    what = _text(entry.get("what"))
    return Choice(what, _text(entry.get("value")), _text(entry.get("why"))) if what else None


def _part(entry: Mapping[str, Any]) -> Part | None:
    name = _text(entry.get("name"))
    settings = _mapping(entry.get("settings"))
    return Part(name, _number(entry.get("train_seconds")), _whole(entry.get("bytes")), settings) if name else None


def _gain(entry: Mapping[str, Any]) -> Gain | None:
    feature, share = _text(entry.get("feature")), _number(entry.get("share"))
    return Gain(feature, share) if feature and share is not None else None


def _ablation(entry: Mapping[str, Any]) -> Ablation | None:
    without, ndcg = _text(entry.get("without")), _number(entry.get("ndcg_at_5"))
    return Ablation(without, ndcg, _number(entry.get("difference"))) if without and ndcg is not None else None


def _trial(entry: Mapping[str, Any]) -> Trial | None:
    ndcg = _number(entry.get("ndcg_at_5"))
    if ndcg is None:
        return None
    gain, error = _number(entry.get("gain")), _number(entry.get("standard_error"))
    return Trial(_mapping(entry.get("config")), ndcg, gain, error, entry.get("taken") is True)


def _entries(stored: Any, read: Callable[[Mapping[str, Any]], Entry | None]) -> tuple[Entry, ...]:
    listed = stored if isinstance(stored, list) else []
    found = (read(entry) for entry in listed if isinstance(entry, Mapping))
    return tuple(entry for entry in found if entry is not None)


def _mapping(stored: Any) -> Mapping[str, Any]:
    return stored if isinstance(stored, Mapping) else {}


def _text(stored: Any) -> str:
    """Plain values as text: choices may be words, numbers or truths."""
    return str(stored) if isinstance(stored, str | int | float) else ""


def _number(stored: Any) -> float | None:
    """Finite numbers only; JSON as Python writes it may hold NaN and Infinity."""
    is_number = isinstance(stored, int | float) and not isinstance(stored, bool)
    return float(stored) if is_number and abs(stored) < float("inf") else None


def _whole(stored: Any) -> int | None:
    number = _number(stored)
    return None if number is None else int(number)
