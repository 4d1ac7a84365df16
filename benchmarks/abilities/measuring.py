"""The abilities of one recipe on one data set: trains what each needs, measures, and keeps the figures."""

import json
import shutil
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks.abilities.hiding import hidden_tags, write_without_tags
from benchmarks.abilities.models import Setting, child, model_of, version, written_once
from benchmarks.compare.documents import DataSet
from benchmarks.compare.runs import Place
from recommender.ml import read_manifest

ABILITIES = ("calibration", "chosen", "deletion", "unseen", "determinism")
LONGEST_TRAINING = 120  # CPU seconds of what is trained a second time only to be compared


@dataclass(frozen=True)
class Measuring:
    """One data set in the working folder."""

    data: DataSet
    setting: Setting

    def figures(self, ability: str, *, again: bool = False) -> dict[str, float]:
        """Those of one ability and the costs of training; raises Broken and OverLimit."""
        record = model_of(self.data, self._place("model"), self.setting)
        kept = Place(self._folder / ability)
        if again or kept.read().get("version") != record["version"]:
            found = self._measured(ability, float(record["train"]["cpu_seconds"]))
            kept.folder.mkdir(exist_ok=True)
            kept.write({"version": record["version"], "figures": found})
        costs = {
            "train_cpu_seconds": record["train"]["cpu_seconds"],
            "peak_memory_mb": record["train"]["peak_memory_mb"],
            "model_mb": record["model_mb"],
        }
        figures: dict[str, float] = kept.read()["figures"]
        return costs | figures

    def _measured(self, ability: str, cpu_seconds: float) -> dict[str, float]:
        if ability == "determinism":
            return self._determinism() if cpu_seconds < LONGEST_TRAINING else {}
        models = self._hiding() if ability == "unseen" else ["--model", self._place("model").model]
        place, output = self._place("model"), self._folder / "output.json"
        files = ["--data", self.data.folder, "--output", output, "--seed", self.setting.seed]
        child("benchmarks.abilities.child", [ability, *files, *models], place, self.setting)
        found: dict[str, float] = json.loads(output.read_text(encoding="utf-8"))
        return found

    def _hiding(self) -> list[object]:
        """Trains with the hidden tags in the vocabulary and without them; what the child must be told."""
        hidden = hidden_tags(self.data, self.setting.seed)
        told: list[object] = []
        for option, keep_texts in (("--model", True), ("--later", False)):
            name = "hidden-known" if keep_texts else "hidden-later"
            write = partial(write_without_tags, self.data, hidden, keep_texts=keep_texts)
            cut = written_once(self._folder / f"{name}-data", version(self.data, self.setting), write)
            model_of(cut, self._place(name), self.setting)
            told += [option, self._place(name).model]
        names = self._folder / "hidden.json"
        names.write_text(json.dumps(hidden), encoding="utf-8")
        return [*told, "--hidden", names]

    def _determinism(self) -> dict[str, float]:
        """1 where a second training with the same seed gives the same digest."""
        first, second = self._place("model"), self._place("again")
        model_of(self.data, second, replace(self.setting, compared=None))
        same = read_manifest(first.model).digest == read_manifest(second.model).digest
        shutil.rmtree(second.folder)
        return {"same_digest": float(same)}

    @property
    def _folder(self) -> Path:
        return self.setting.work / self.data.name / self.setting.recipe

    def _place(self, name: str) -> Place:
        return Place(self._folder / name)
