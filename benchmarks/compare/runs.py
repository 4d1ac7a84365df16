"""One system on one data set: train, predict, time; what came of it stays in the working folder as `record.json`."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.compare.documents import DataSet
from benchmarks.compare.measure import Broken, Cost, Limits, OverLimit, measured
from benchmarks.compare.scoring import read_predictions, scored
from benchmarks.compare.systems import PYTHONS, REQUIREMENTS, ROOT, System

N_RANKED = 20
SEED = 1  # of our own recipes
_PROTOCOL = 1
Say = Callable[[str], None]


@dataclass(frozen=True)
class Setting:
    """Where and within what bounds everything runs."""

    work: Path
    limits: Limits
    threads: int


@dataclass(frozen=True)
class Place:
    """The folder of one system on one data set."""

    folder: Path

    @property
    def record(self) -> Path:
        return self.folder / "record.json"

    @property
    def predictions(self) -> Path:
        return self.folder / "predictions.jsonl.gz"

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    def candidate(self, number: int) -> "Place":
        return Place(self.folder / f"candidate-{number}")

    def read(self) -> dict[str, Any]:
        """The record, empty where nothing has run."""
        record: dict[str, Any] = json.loads(self.record.read_text(encoding="utf-8")) if self.record.exists() else {}
        return record

    def write(self, record: Mapping[str, Any]) -> None:
        aside = self.record.with_suffix(".part")
        aside.write_text(json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8")
        aside.replace(self.record)


def place_of(work: Path, data: DataSet, system: System) -> Place:
    return Place(work / data.name / system.name)


def version_of(system: System, data: DataSet) -> str:
    """Changes with the data, the settings, the packages and, for ours, with the library's own source."""
    parts: list[Any] = [_PROTOCOL, system.name, system.candidates, system.revision, _data_digest(data.folder)]
    parts += [_source_digest()] if not system.is_peer else [_pins(REQUIREMENTS[system.environment], system.packages)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def is_settled(place: Place, version: str, limits: Limits) -> bool:
    """Whether this very version has run, or has gone over limits that were no tighter; what broke is tried again."""
    record = place.read()
    if record.get("version") != version or record["status"] == "broken":
        return False
    if record["status"] == "done":
        return place.predictions.exists()
    tried = Limits(**record["limits"])
    return tried.seconds >= limits.seconds and tried.memory_mb >= limits.memory_mb


def run(system: System, data: DataSet, setting: Setting, say: Say) -> dict[str, Any]:
    """Train, predict and time anew; a failure is a record, too."""
    place = place_of(setting.work, data, system)
    shutil.rmtree(place.folder, ignore_errors=True)
    place.folder.mkdir(parents=True)
    record: dict[str, Any] = {"set": data.name, "system": system.name, "version": version_of(system, data)}
    record |= {"limits": asdict(setting.limits)}
    try:
        record |= _trained(system, data, place, setting, say)
        say("predicting")
        _predict(system, place, data.part("test"), place.predictions, setting)
        record["time"] = timed(system, data, setting, say)
        record["status"] = "done"
    except OverLimit as problem:
        record |= {"status": "over limit", "reason": str(problem)}
    except Broken as problem:
        record |= {"status": "broken", "reason": str(problem)}
    place.write(record)
    return record


def timed(system: System, data: DataSet, setting: Setting, say: Say) -> dict[str, float]:
    """Speed of the model that lies in the folder."""
    place = place_of(setting.work, data, system)
    output = place.folder / "time.json"
    say("timing")
    files = ["--model", place.model, "--input", data.part("test"), "--output", output, "--limit", N_RANKED]
    _measured(system, ["benchmarks.compare.child", "time", system.module, *files], place, setting)
    figures: dict[str, float] = json.loads(output.read_text(encoding="utf-8"))
    return figures


def training_arguments(
    recipe: str, data: DataSet, bundle: Path, *, seed: int, settings: Mapping[str, Any] | None = None
) -> list[object]:
    """What trains one of our recipes: equal arguments on equal data and source give equal bundles."""
    files: list[object] = ["--train", data.part("train"), "--dev", data.part("dev"), "--out", bundle]
    tags: list[object] = ["--tags", data.tags_file] if data.tags_file else []
    own = ["--config", json.dumps(settings)] if settings else []
    return ["train", "--recipe", recipe, "--seed", seed, *own, *files, *tags]


def model_mb(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def _trained(system: System, data: DataSet, place: Place, setting: Setting, say: Say) -> dict[str, Any]:
    """Train every candidate; the one that is best on dev moves into the place."""
    tried: list[dict[str, Any]] = []
    for number, settings in enumerate(system.candidates):
        here = place.candidate(number)
        here.folder.mkdir()
        say(f"training {json.dumps(settings) if settings else ''}".strip())
        cost = _train(system, data, here, settings, setting)
        tried.append({"settings": settings, "train": asdict(cost), **_dev_figure(system, data, here, setting)})
    best = max(range(len(tried)), key=lambda number: tried[number].get("dev_ndcg_at_5", 0.0))
    place.candidate(best).model.rename(place.model)
    for number in range(len(tried)):
        shutil.rmtree(place.candidate(number).folder)
    return {**tried[best], "candidates": tried, "model_mb": model_mb(place.model)}


def _train(system: System, data: DataSet, place: Place, settings: Mapping[str, Any], setting: Setting) -> Cost:
    if system.is_peer:
        what = ["--model", place.model, "--data", data.folder, "--settings", json.dumps(settings)]
        return _measured(system, ["benchmarks.compare.child", "train", system.module, *what], place, setting)
    arguments = training_arguments(system.recipe, data, place.model, seed=SEED, settings=settings)
    return _measured(system, ["recommender.ml", *arguments], place, setting)


def _dev_figure(system: System, data: DataSet, place: Place, setting: Setting) -> dict[str, float]:
    """Only where there is something to choose."""
    if len(system.candidates) == 1:
        return {}
    output = place.folder / "dev.jsonl.gz"
    _predict(system, place, data.part("dev"), output, setting)
    scores = scored(data.documents("dev"), read_predictions(output), data.documents("train"))
    return {"dev_ndcg_at_5": scores.figures["ndcg_at_5"]}


def _predict(system: System, place: Place, part: Path, output: Path, setting: Setting) -> None:
    files = ["--input", part, "--output", output, "--limit", N_RANKED]
    if system.is_peer:
        command = ["benchmarks.compare.child", "predict", system.module, "--model", place.model, *files]
    else:
        command = ["recommender.ml", "predict", "--bundle", place.model, *files]
    _measured(system, command, place, setting)


def _measured(system: System, command: list[Any], place: Place, setting: Setting) -> Cost:
    whole = [str(PYTHONS[system.environment]), "-m", *map(str, command)]
    return measured(whole, folder=ROOT, log=place.log, limits=setting.limits, threads=setting.threads)


@cache
def _data_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for part in ("train", "dev", "test", "tags"):
        path = DataSet(folder).part(part)
        digest.update(path.read_bytes() if path.exists() else b"-")
    return digest.hexdigest()


@cache
def _source_digest() -> str:
    digest = hashlib.sha256()
    for path in sorted((ROOT / "recommender" / "ml").rglob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _pins(requirements: Path, packages: tuple[str, ...]) -> list[str]:
    lines = requirements.read_text(encoding="utf-8").splitlines()
    return sorted(line for line in lines if line.split("==")[0].split("[")[0] in packages)
