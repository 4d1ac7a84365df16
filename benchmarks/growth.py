"""How costs grow with the number of tags and of documents; writes results/growth.csv and .md.

usage: .venv/bin/python -m benchmarks.growth [--sets NAME …] [--recipe NAME] [--no-timing] [--time-again]

A point keeps the most used tags of a set and a seeded sample of the documents that bear one. What has run on this
version of data and library is not run again. `--no-timing` is for a busy machine: a later call without it times the
models.
"""

import json
import random
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice, product
from typing import Any

from benchmarks.abilities.command_line import keep, parser, say, setting_of
from benchmarks.abilities.models import Setting, child, data_sets, model_of, version, written_once
from benchmarks.abilities.table import cell, markdown
from benchmarks.compare.documents import DataSet, read_rows, vocabulary, write_rows
from benchmarks.compare.measure import Broken, OverLimit
from benchmarks.compare.results import Figures, read_figures
from benchmarks.compare.runs import Place
from benchmarks.compare.systems import BENCHMARKS

RESULTS = BENCHMARKS / "results" / "growth.csv"
SETS = ("tibkat-en", "yso-finna-en")
TAGS, DOCUMENTS = (100, 1_000, 10_000, 40_000), (5_000, 20_000, 100_000)
_SMALLEST_SHARE = 0.65  # of the tags or documents wanted, for a point to stand for their number
_DEV_DOCUMENTS, _TIMED_DOCUMENTS, _WORDS = 2_000, 1_024, 180
_N_RANKED = 10
_COLUMNS = {
    "tags": "{tags:,.0f}",
    "used": "{used_tags:,.0f}",
    "documents": "{documents:,.0f}",
    "training, CPU s": "{train_cpu_seconds:,.0f}",
    "wall s": "{train_wall_seconds:,.0f}",
    "peak MB": "{peak_memory_mb:,.0f}",
    "bundle MB": "{model_mb:,.1f}",
    "one text p50 ms": "{latency_p50_ms:.2f}",
    "p95 ms": "{latency_p95_ms:.2f}",
    "documents/s": "{documents_per_second:,.0f}",
    "load": "{load:.1f}",
}
_PAGE = """# Growth

Written by `python -m benchmarks.growth` from `growth.csv`; what is measured and how stands in
[benchmarks](../README.md). – : not measured. Wall seconds mean little where other work ran beside.

{table}"""


@dataclass(frozen=True)
class Point:
    """So many tags and documents of a set are wanted."""

    data: DataSet
    n_tags: int
    n_documents: int

    @property
    def name(self) -> str:
        return f"{self.data.name}-{self.n_tags}-tags-{self.n_documents}-documents"


def main() -> None:
    """Run what has not run yet; results are written after each point."""
    arguments = parser("benchmarks.growth", __doc__, work="growth")
    arguments.add_argument("--no-timing", action="store_true", help="train only")
    arguments.add_argument("--time-again", action="store_true", help="time the models that are there anew")
    asked = arguments.parse_args()
    setting = setting_of(asked)
    for data, n_tags, n_documents in product(data_sets(asked.data, asked.sets or SETS), TAGS, DOCUMENTS):
        _one(Point(data, n_tags, n_documents), setting, timing=not asked.no_timing, again=asked.time_again)


def write_point(point: Point, seed: int, cut: DataSet) -> None:
    """Write the point's data set, or nothing where the set has too few tags or documents."""
    kept = set(most_used_tags(point.data)[: point.n_tags])
    train = list(_bearing(point.data, "train", kept))
    if min(len(kept) / point.n_tags, len(train) / point.n_documents) < _SMALLEST_SHARE:
        return
    write_rows(cut.part("train"), _sample(train, point.n_documents, seed))
    write_rows(cut.part("dev"), _sample(list(_bearing(point.data, "dev", kept)), _DEV_DOCUMENTS, seed))
    write_rows(cut.part("test"), map(_of_180_words, islice(read_rows(point.data.part("test")), _TIMED_DOCUMENTS)))
    if point.data.tags_file:
        write_rows(cut.part("tags"), (row for row in read_rows(point.data.tags_file) if row["name"] in kept))


def most_used_tags(data: DataSet) -> list[str]:
    """All tags of the vocabulary by their training documents, then in its order."""
    documents = data.documents("train")
    counts = Counter(tag for document in documents for tag in document.tags)
    return sorted((tag.name for tag in vocabulary(data, documents)), key=lambda name: -counts[name])


def page(figures: Figures) -> str:
    """The whole page."""
    ordered = sorted(
        figures.items(), key=lambda item: (item[0][0].split("-")[0], item[1]["tags"], item[1]["documents"])
    )
    rows = [(name, recipe, *(cell(each, some) for each in _COLUMNS.values())) for (name, recipe), some in ordered]
    return _PAGE.format(table=markdown(("point", "recipe", *_COLUMNS), rows))


def _one(point: Point, setting: Setting, *, timing: bool, again: bool) -> None:
    tell = partial(say, point.name)
    folder = setting.work / point.name
    key = version(point.data, setting)
    cut = written_once(folder / "data", key, partial(write_point, point, setting.seed))
    if not cut.part("train").exists():
        tell("the set has too few tags or documents")
        return
    tell("running")
    try:
        found = _figures(cut, Place(folder / setting.recipe), setting, timing=timing, again=again)
    except (Broken, OverLimit) as problem:
        tell(f"failed: {problem}")
        return
    keep(read_figures(RESULTS) | {(point.name, setting.recipe): found}, RESULTS, page)
    tell(f"done, {found['train_cpu_seconds']:.0f} CPU seconds of training")


def _figures(cut: DataSet, place: Place, setting: Setting, *, timing: bool, again: bool) -> dict[str, float]:
    record = model_of(cut, place, setting)
    timed = place.folder / "time.json"
    if timing and (again or not timed.exists()):
        files = ["--model", place.model, "--input", cut.part("test"), "--output", timed, "--limit", _N_RANKED]
        child("benchmarks.compare.child", ["time", "benchmarks.compare.ours", *files], place, setting)
    train = cut.documents("train")
    return {
        "tags": float(len(vocabulary(cut, train))),
        "used_tags": float(len({tag for document in train for tag in document.tags})),
        "documents": float(len(train)),
        **{f"train_{name}": record["train"][name] for name in ("cpu_seconds", "wall_seconds")},
        "peak_memory_mb": record["train"]["peak_memory_mb"],
        "model_mb": record["model_mb"],
        **(json.loads(timed.read_text(encoding="utf-8")) if timed.exists() else {}),
    }


def _bearing(data: DataSet, part: str, kept: Collection[str]) -> Iterator[dict[str, Any]]:
    for row in read_rows(data.part(part)):
        tags = [tag for tag in row.get("tags") or () if tag in kept]
        if tags:
            yield row | {"tags": tags}


def _sample(rows: Sequence[dict[str, Any]], n: int, seed: int) -> list[dict[str, Any]]:
    """In the order of the file."""
    places = random.Random(seed).sample(range(len(rows)), min(n, len(rows)))
    return [rows[place] for place in sorted(places)]


def _of_180_words(row: dict[str, Any]) -> dict[str, Any]:
    """The title stays, the words of both are repeated or cut to 180."""
    title = row.get("title") or ""
    words = f"{title} {row.get('text') or ''}".split()
    n_left = max(_WORDS - len(title.split()), 0)
    return row | {"text": " ".join(islice(cycle(words), n_left)) if words else ""}


if __name__ == "__main__":
    main()
