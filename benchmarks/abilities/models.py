"""Bundles trained through the library's command line in a process of their own, kept with what they cost."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.compare.documents import DataSet
from benchmarks.compare.measure import Cost, Limits, measured
from benchmarks.compare.runs import SEED, Place, is_settled, model_mb, place_of, training_arguments, version_of
from benchmarks.compare.systems import PYTHONS, ROOT, SYSTEMS, System


@dataclass(frozen=True)
class Setting:
    """What is trained, where it is kept, and within what bounds; `compared` has the models of benchmarks.compare."""

    work: Path
    recipe: str
    seed: int
    limits: Limits
    threads: int
    compared: Path | None = None


def child(module: str, arguments: Sequence[object], place: Place, setting: Setting) -> Cost:
    """Run a module of the project in its own environment; raises Broken and OverLimit."""
    command = [str(PYTHONS["ours"]), "-m", module, *map(str, arguments)]
    return measured(command, folder=ROOT, log=place.log, limits=setting.limits, threads=setting.threads)


def version(data: DataSet, setting: Setting) -> str:
    """Changes with the data, the library's source, the recipe and the seed."""
    return f"{version_of(recipe_named(setting.recipe), data)}-{setting.seed}"


def written_once(folder: Path, key: str, write: Callable[[DataSet], None]) -> DataSet:
    """The data set in a folder, written anew unless it was written for this very key."""
    marker = folder / "key.txt"
    if not marker.exists() or marker.read_text(encoding="utf-8") != key:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write(DataSet(folder))
        marker.write_text(key, encoding="utf-8")
    return DataSet(folder)


def model_of(data: DataSet, place: Place, setting: Setting) -> Mapping[str, Any]:
    """The record of the model in the place, trained first unless this very version is there.

    A model that benchmarks.compare has trained in this version is taken from there. Raises Broken and OverLimit, with
    nothing but the log left in the place.
    """
    record, wanted = place.read(), version(data, setting)
    if record.get("version") == wanted and place.model.exists():
        return record
    shutil.rmtree(place.folder, ignore_errors=True)
    place.folder.mkdir(parents=True)
    cost = _from_comparison(data, place, setting)
    if cost is None:
        arguments = training_arguments(setting.recipe, data, place.model, seed=setting.seed)
        cost = asdict(child("recommender.ml", arguments, place, setting))
    record = {"version": wanted, "train": cost, "model_mb": model_mb(place.model)}
    place.write(record)
    return record


def _from_comparison(data: DataSet, place: Place, setting: Setting) -> Mapping[str, float] | None:
    """What the training cost there, with the bundle's files linked into the place; None unless it is the same one."""
    system = recipe_named(setting.recipe)
    if setting.compared is None or setting.seed != SEED or system.candidates != ({},):
        return None
    theirs = place_of(setting.compared, data, system)
    record = theirs.read()
    if record.get("status") != "done" or not is_settled(theirs, version_of(system, data), setting.limits):
        return None
    shutil.copytree(theirs.model, place.model, copy_function=_linked)
    cost: Mapping[str, float] = record["train"]
    return cost


def _linked(source: str, target: str) -> None:
    """The same bytes under a second name, a copy where the two lie on different file systems."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def recipe_named(name: str) -> System:
    """One of our recipes as the comparison knows it; raises SystemExit with those that there are."""
    ours = {system.name: system for system in SYSTEMS if not system.is_peer}
    if name not in ours:
        raise SystemExit(f"no recipe {name!r}; there are: {', '.join(ours)}")
    return ours[name]


def data_sets(folder: Path, names: Sequence[str]) -> list[DataSet]:
    """Sets by name; raises SystemExit with those that are missing."""
    sets = [DataSet((folder / name).resolve()) for name in names]
    missing = [data.name for data in sets if not data.part("train").is_file()]
    if missing:
        raise SystemExit(f"no train.jsonl.gz for {', '.join(missing)} in {folder}")
    return sets
