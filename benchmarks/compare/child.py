"""One step of one system in a process of its own, in that system's environment: train, predict or time.

usage: python -m benchmarks.compare.child train|predict|time MODULE …
"""

import argparse
import importlib
import itertools
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.compare.documents import DataSet, Document, read_documents, vocabulary, write_rows
from benchmarks.compare.peers.kinds import Lesson, Rank

BATCH = 256
_N_BATCHES = 4
_N_WARM_UP, _N_TIMED = 20, 300


def main() -> None:
    """Run one step."""
    chosen = _parser().parse_args()
    chosen.step(chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    steps = parser.add_subparsers(required=True)
    for name, step in (("train", _train), ("predict", _predict), ("time", _time)):
        some = steps.add_parser(name)
        some.set_defaults(step=step)
        some.add_argument("module")
        some.add_argument("--model", type=Path, required=True)
        some.add_argument("--settings", default="{}")
        some.add_argument("--data", type=Path)
        some.add_argument("--input", type=Path)
        some.add_argument("--output", type=Path)
        some.add_argument("--limit", type=int, default=20)
    return parser


def _train(chosen: argparse.Namespace) -> None:
    data = DataSet(chosen.data)
    documents = data.documents("train")
    chosen.model.mkdir(parents=True)
    settings = json.loads(chosen.settings)
    importlib.import_module(chosen.module).train(Lesson(documents, vocabulary(data, documents), settings, chosen.model))


def _predict(chosen: argparse.Namespace) -> None:
    rank: Rank = importlib.import_module(chosen.module).open_model(chosen.model)
    write_rows(chosen.output, _predicted(rank, list(read_documents(chosen.input)), chosen.limit))


def _predicted(rank: Rank, documents: Sequence[Document], limit: int) -> Iterator[dict[str, Any]]:
    for start in range(0, len(documents), BATCH):
        some = documents[start : start + BATCH]
        for document, ranked in zip(some, rank(some, limit), strict=True):
            yield {"id": document.document_id, "tags": ranked}


def _time(chosen: argparse.Namespace) -> None:
    """On one core: documents per second in batches, then single texts after a warm-up."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    rank: Rank = importlib.import_module(chosen.module).open_model(chosen.model)
    documents = list(read_documents(chosen.input))
    figures = {"documents_per_second": _batch_speed(rank, documents, chosen.limit)}
    p50, p95 = _latency(rank, documents, chosen.limit)
    figures |= {"latency_p50_ms": p50, "latency_p95_ms": p95, "load": os.getloadavg()[0]}
    chosen.output.write_text(json.dumps(figures), encoding="utf-8")


def _batch_speed(rank: Rank, documents: Sequence[Document], limit: int) -> float:
    """Over four batches of 256; a smaller part is gone through again."""
    endless = itertools.cycle(documents)
    batches = [list(itertools.islice(endless, BATCH)) for _ in range(_N_BATCHES)]
    rank(documents[:1], limit)
    started = time.perf_counter()
    for batch in batches:
        rank(batch, limit)
    return BATCH * _N_BATCHES / (time.perf_counter() - started)


def _latency(rank: Rank, documents: Sequence[Document], limit: int) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds, from the raw text to the ranked names."""
    endless = itertools.cycle(documents)
    milliseconds = []
    for document in itertools.islice(endless, _N_WARM_UP + _N_TIMED):
        started = time.perf_counter()
        rank([document], limit)
        milliseconds.append(1000 * (time.perf_counter() - started))
    timed = sorted(milliseconds[_N_WARM_UP:])
    return timed[len(timed) // 2], timed[int(0.95 * len(timed))]


if __name__ == "__main__":
    main()
