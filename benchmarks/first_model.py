"""Trains the first recipes on a data folder and appends their cost and quality to a CSV file.

usage: python benchmarks/first_model.py FOLDER [--parts dev test] [--yardstick SCORE.PY] [--only VARIANT ...]

FOLDER holds train, dev and test as .jsonl.gz. Every command runs in a process of its own, so that seconds and
memory are its own. Choose on dev; report test once.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from recommender.ml import open_bundle  # noqa: E402
from recommender.ml.json_lines import read_documents  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "first_model.csv"
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "tfidf-logreg": ("tfidf-logreg", {}),
    "fasttext-cnn-mlp": ("fasttext-cnn-mlp", {}),
    "narrow-head-128-64": ("fasttext-cnn-mlp", {"hidden_sizes": [128, 64], "output_sees_bag": False}),
    "narrow-head-128-64-beside-bag": ("fasttext-cnn-mlp", {"hidden_sizes": [128, 64]}),
}
_N_TIMED, _N_WARM_UP = 500, 20


@dataclass(frozen=True)
class Cost:
    """What a finished process took, its children included."""

    wall_seconds: float
    cpu_seconds: float
    peak_megabytes: float


def main() -> None:
    """Run the chosen variants and append a row for each."""
    chosen = _parser().parse_args()
    for variant in chosen.only or VARIANTS:
        with tempfile.TemporaryDirectory(prefix="first-model-") as folder:
            for row in _measured(variant, chosen, Path(folder)):
                print(json.dumps(row, indent=1), flush=True)
                _append(row)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", nargs="+", choices=("dev", "test"), default=["dev"])
    parser.add_argument("--yardstick", type=Path, help="score.py; without it the library's own measures")
    parser.add_argument("--only", nargs="*", choices=tuple(VARIANTS))
    return parser


def _measured(variant: str, chosen: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """Train once, then one row for each part."""
    recipe, settings = VARIANTS[variant]
    bundle, train = folder / "bundle", chosen.folder / "train.jsonl.gz"
    load = round(os.getloadavg()[0], 1)
    files = ["--train", train, "--dev", chosen.folder / "dev.jsonl.gz"]
    cost = _run("train", "--recipe", recipe, *files, "--out", bundle, "--config", json.dumps(settings))
    about = {"when": datetime.now(UTC).isoformat(timespec="seconds"), "variant": variant}
    for part in chosen.parts:
        gold, predictions = chosen.folder / f"{part}.jsonl.gz", folder / f"{part}.jsonl"
        _run("predict", "--bundle", bundle, "--input", gold, "--output", predictions)
        row = about | {"data": chosen.folder.name, "part": part, "load_before": load} | _weighed(cost, bundle)
        row |= _latency(bundle, gold) | _figures(gold, predictions, train, chosen.yardstick)
        yield row


def _weighed(cost: Cost, bundle: Path) -> dict[str, float]:
    return {
        "train_wall_seconds": round(cost.wall_seconds, 1),
        "train_cpu_seconds": round(cost.cpu_seconds, 1),
        "train_peak_megabytes": round(cost.peak_megabytes),
        "bundle_megabytes": round(sum(file.stat().st_size for file in bundle.iterdir()) / 1e6, 1),
    }


def _run(*arguments: object) -> Cost:
    started = time.perf_counter()
    command = [sys.executable, "-m", "recommender.ml", *map(str, arguments)]
    process = subprocess.Popen(command, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Cost(time.perf_counter() - started, cpu_seconds, usage.ru_maxrss / 1000)


def _latency(bundle: Path, part: Path) -> dict[str, float]:
    """Median and 95th percentile of ranking one text, tokenisation included, on one thread."""
    ranker = open_bundle(bundle, threads=1)
    texts = [document.text for document in read_documents(part)][: _N_TIMED + _N_WARM_UP]
    seconds = []
    for text in texts:
        started = time.perf_counter()
        ranker.rank([text], limit=10)
        seconds.append(time.perf_counter() - started)
    median, slow = np.percentile(seconds[_N_WARM_UP:], [50, 95]) * 1000
    return {
        "rank_median_milliseconds": round(float(median), 3),
        "rank_p95_milliseconds": round(float(slow), 3),
    }


def _figures(gold: Path, predictions: Path, train: Path, yardstick: Path | None) -> dict[str, Any]:
    if yardstick:
        command: Sequence[object] = (yardstick, gold, predictions, "--train", train)
    else:
        own = ("-m", "recommender.ml", "evaluate")
        command = (*own, "--gold", gold, "--predictions", predictions, "--train", train)
    finished = subprocess.run(
        [sys.executable, *map(str, command)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    figures: dict[str, Any] = json.loads(finished.stdout)
    return {name: figures.get(name) for name in ("nDCG@5", "P@1", "R@5", "PSP@5", "microF1", "macroF1")}


def _append(row: dict[str, Any]) -> None:
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    is_new = not RESULTS.exists()
    with RESULTS.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        if is_new:
            writer.writeheader()
        writer.writerow(row)


if __name__ == "__main__":
    main()
