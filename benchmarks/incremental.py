"""Incremental against full retraining, month by month; writes results/incremental.csv and .md.

usage: .venv/bin/python -m benchmarks.incremental --data FOLDER … [--months N] [--first SHARE] [--recipe NAME]

The documents of all parts of a dated set come in their order: the first ones train the first version in full, the rest
comes in months of equal size. Each month ends with a training in full and an update of what the updates before have
made, both as a training run does it: a twin on the split by time, then a bundle that has learnt everything. Both answer
the documents of the next month, which neither has seen.
"""

import argparse
import itertools
import resource
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.abilities.command_line import keep, say
from benchmarks.abilities.table import cell, markdown
from benchmarks.compare.documents import Document
from benchmarks.compare.results import Figures, read_figures
from benchmarks.compare.scoring import Doubles, paired_bootstrap, scored
from benchmarks.compare.systems import BENCHMARKS
from recommender import ml
from recommender.ml.json_lines import TaggedDocument, as_examples, read_documents, read_tag_texts

RESULTS = BENCHMARKS / "results" / "incremental.csv"
_PARTS = ("train", "dev", "test")
_N_RANKED = 20
_SEED = 1
_FULL, _UPDATED = "full", "incremental"
_PAGE = """# Incremental retraining

Written by `python -m benchmarks.incremental` from `incremental.csv`. nDCG@5 is that of the next month's documents, the
mean over all months' documents; the difference is incremental minus full with its 95 % interval (paired bootstrap over
documents). CPU seconds are those of the twin and of the bundle that has learnt everything, all months together; the
baseline that a full run of the platform measures besides is not in them.

{table}

## Month by month

{months}"""


@dataclass(frozen=True)
class Setting:
    """How a set is replayed."""

    recipe: str
    config: Any
    months: int
    first: float
    work: Path


@dataclass(frozen=True)
class Stream:
    """The tagged documents of a set, oldest first, and what its vocabulary says of the tags."""

    name: str
    documents: Sequence[TaggedDocument]
    tag_texts: dict[str, ml.TagText]

    def known(self, n: int, before: ml.LabelSpace) -> ml.LabelSpace:
        """The columns after n documents: those of before, and behind them the tags that have come into use."""
        return before.extended(sorted({tag for document in self.documents[:n] for tag in document.tags}))

    def texts_of(self, label_space: ml.LabelSpace) -> list[ml.TagText]:
        return [self.tag_texts.get(name) or ml.TagText(name) for name in label_space.tag_ids]


@dataclass(frozen=True)
class Version:
    """The twin on disk with what it has seen, the bundle that answers, and the CPU seconds of both."""

    twin: Path
    replay: ml.Replay
    answers: ml.Ranker
    seconds: float


def main() -> None:
    """Replay each folder and keep its figures."""
    asked = _parser().parse_args()
    config = ml.config_from_json(asked.recipe, {"threads": asked.threads})
    for folder in asked.data:
        with tempfile.TemporaryDirectory(prefix="incremental-") as work:
            found = replayed(stream_of(folder), Setting(asked.recipe, config, asked.months, asked.first, Path(work)))
        others = {pair: figures for pair, figures in read_figures(RESULTS).items() if pair[0] != folder.name}
        keep(others | found, RESULTS, page)


def stream_of(folder: Path) -> Stream:
    """Raises ValueError where documents have no date."""
    documents = [each for part in _PARTS for each in read_documents(folder / f"{part}.jsonl.gz") if each.tags]
    undated = sum(each.published_at is None for each in documents)
    if undated:
        raise ValueError(f"{undated} of {len(documents)} documents of {folder} have no date; take a dated set")
    tags = folder / "tags.jsonl.gz"
    ordered = sorted(documents, key=lambda each: (each.published_at or 0.0, each.document_id))
    return Stream(folder.name, ordered, read_tag_texts(tags) if tags.is_file() else {})


def replayed(stream: Stream, setting: Setting) -> Figures:
    """Figures of both arms over all months, and of each month."""
    edges = np.linspace(round(setting.first * len(stream.documents)), len(stream.documents), setting.months + 2)
    first, *month_ends = edges.astype(int).tolist()
    label_space = stream.known(first, ml.LabelSpace(()))
    parent = _full(stream, first, label_space, setting, setting.work / "first")
    figures: Figures = {}
    ndcg: dict[str, list[Doubles]] = {_FULL: [], _UPDATED: []}
    for month, (end, next_end) in enumerate(itertools.pairwise(month_ends), 1):
        label_space = stream.known(end, label_space)
        full = _full(stream, end, label_space, setting, setting.work / f"full-{month}")
        parent = _updated(stream, end, label_space, setting, parent)
        gold = [_as_compared(each) for each in stream.documents[end:next_end]]
        for arm, version in ((_FULL, full), (_UPDATED, parent)):
            scores = scored(gold, _predictions(version.answers, stream.documents[end:next_end]), ())
            ndcg[arm].append(scores.ndcg_at_5_by_document)
            figures[(stream.name, f"{arm}, month {month}")] = {
                "ndcg_at_5": scores.figures["ndcg_at_5"],
                "cpu_seconds": version.seconds,
                "documents": float(end),
                "test_documents": float(len(gold)),
            }
            say(stream.name, f"{arm}, month {month}: {scores.figures['ndcg_at_5']:.4f}, {version.seconds:.1f} CPU s")
    return figures | _overall(stream.name, figures, ndcg)


def page(figures: Figures) -> str:
    """The table of all sets that have run to their end, and that of the months."""
    columns = ("{documents:,.0f}", "{test_documents:,.0f}", "{full_ndcg_at_5:.4f}", "{ndcg_at_5:.4f}")
    costs = ("{full_cpu_seconds:,.0f}", "{cpu_seconds:,.0f}")
    difference = "{difference:+.4f} ({difference_low:+.4f} … {difference_high:+.4f})"
    sets = [(*pair, _both(figures, pair)) for pair in sorted(figures) if pair[1] == _UPDATED]
    months = [(*pair, _both(figures, pair)) for pair in sorted(figures) if pair[1].startswith(f"{_UPDATED}, ")]
    head = ("documents", "tested on", "full", "incremental")
    seconds = ("full, CPU s", "incremental, CPU s")
    layouts = (*columns, difference, *costs, "{share_of_time:.0%}")
    table = markdown(
        ("", *head, "difference", *seconds, "share"),
        [(name, *(cell(layout, some) for layout in layouts)) for name, _, some in sets],
    )
    by_month = markdown(
        ("", "", *head, *seconds),
        [
            (name, arm.removeprefix(f"{_UPDATED}, "), *(cell(layout, some) for layout in (*columns, *costs)))
            for name, arm, some in months
        ],
    )
    return _PAGE.format(table=table, months=by_month)


def _both(figures: Figures, pair: tuple[str, str]) -> dict[str, float]:
    """The figures of an update, and beside them those of the full training at the same time."""
    full = figures.get((pair[0], pair[1].replace(_UPDATED, _FULL)), {})
    return figures[pair] | {f"full_{metric}": value for metric, value in full.items()}


def _overall(name: str, figures: Figures, ndcg: dict[str, list[Doubles]]) -> Figures:
    by_document = {arm: np.concatenate(parts) for arm, parts in ndcg.items()}
    months = {arm: [some for (_, system), some in figures.items() if system.startswith(f"{arm},")] for arm in ndcg}
    found: Figures = {
        (name, arm): {
            "ndcg_at_5": float(by_document[arm].mean()),
            "cpu_seconds": sum(some["cpu_seconds"] for some in months[arm]),
            "documents": months[arm][-1]["documents"],
            "test_documents": float(len(by_document[arm])),
        }
        for arm in ndcg
    }
    difference = by_document[_UPDATED] - by_document[_FULL]
    low, high = paired_bootstrap(difference)
    found[(name, _UPDATED)] |= {
        "difference": float(difference.mean()),
        "difference_low": low,
        "difference_high": high,
        "share_of_time": found[(name, _UPDATED)]["cpu_seconds"] / found[(name, _FULL)]["cpu_seconds"],
    }
    return found


def _full(stream: Stream, n: int, label_space: ml.LabelSpace, setting: Setting, folder: Path) -> Version:
    examples = as_examples(stream.documents[:n], label_space)
    train, dev = _twins_parts(examples)
    before = _cpu_seconds()
    trained = ml.train_ranker(
        setting.recipe,
        train=train,
        dev=dev,
        label_space=label_space,
        config=setting.config,
        seed=_SEED,
        on_progress=_silent,
        tag_texts=stream.texts_of(label_space),
    )
    ml.save_bundle(trained, folder)
    answers = ml.refit_ranker(trained, examples, on_progress=_silent)
    return Version(folder, _replay_of(train, dev), answers.ranker, _cpu_seconds() - before)


def _updated(stream: Stream, n: int, label_space: ml.LabelSpace, setting: Setting, parent: Version) -> Version:
    """Beside its parent, in a folder of its own."""
    examples = as_examples(stream.documents[:n], label_space)
    train, dev = _twins_parts(examples)
    before = _cpu_seconds()
    task = ml.TrainingTask(
        train,
        dev,
        label_space,
        setting.config,
        _SEED,
        _silent,
        tag_texts=stream.texts_of(label_space),
        replay=parent.replay,
    )
    trained = ml.update_ranker(ml.open_trained(parent.twin), task)
    folder, replay = setting.work / f"updated-{n}", _replay_of(train, dev, parent)
    ml.save_bundle(trained, folder)
    answers = ml.refit_ranker(trained, examples, on_progress=_silent, replay=replay)
    return Version(folder, replay, answers.ranker, _cpu_seconds() - before)


def _replay_of(train: list[ml.Example], dev: list[ml.Example], parent: Version | None = None) -> ml.Replay:
    """What a twin has seen, itself and by its parents, and what it has learnt."""
    seen = ml.SeenDocuments.of([*train, *dev])
    return ml.Replay(seen | parent.replay.seen if parent else seen, ml.LearntExamples.of(train))


def _twins_parts(examples: list[ml.Example]) -> tuple[list[ml.Example], list[ml.Example]]:
    """What a run's twin learns from and is calibrated on; the newest documents stay out."""
    split = ml.split_examples(examples)
    return [examples[row] for row in split.train], [examples[row] for row in split.dev]


def _predictions(ranker: ml.Ranker, documents: Sequence[TaggedDocument]) -> dict[str, list[tuple[str, float]]]:
    names = ranker.label_space.tag_ids
    rankings = ranker.rank([each.text for each in documents], limit=_N_RANKED)
    return {
        each.document_id: [
            (names[label], float(chance)) for label, chance in zip(ranking.labels, ranking.probabilities, strict=True)
        ]
        for each, ranking in zip(documents, rankings, strict=True)
    }


def _as_compared(document: TaggedDocument) -> Document:
    text = document.text
    return Document(document.document_id, text.title, text.body, text.language, document.tags)


def _cpu_seconds() -> float:
    """Of this process and its children that have ended, user and system."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _silent(_stage: str, _fraction: float) -> None:
    """Progress that nobody watches."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("benchmarks.incremental", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of dated sets")
    parser.add_argument("--months", type=int, default=6, help="trainings after the first one")
    parser.add_argument("--first", type=float, default=0.6, help="share of the documents before the first month")
    parser.add_argument("--recipe", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    return parser


if __name__ == "__main__":
    main()
