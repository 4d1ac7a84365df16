"""What the two-stage head saves and what it loses, by number of tags; writes results/two_stage.csv and .md.

usage: .venv/bin/python -m benchmarks.two_stage [--set NAME] [--tags N …] [--documents N]

The head is a least-squares one over 256 dimensions of latent semantic indexing, the same for both ways of scoring:
what differs is the scoring alone. Learnt on train, measured on dev.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from benchmarks.abilities.table import cell, markdown
from benchmarks.compare.documents import DataSet, Document
from benchmarks.compare.results import Figures, read_figures, write_figures
from benchmarks.compare.systems import BENCHMARKS, ROOT
from recommender.ml.clustered_head import ClusteredHead, balanced_clusters, clustered_head, full_bag, mean_matcher
from recommender.ml.examples import FloatArray, IntArray
from recommender.ml.highest import top_labels
from recommender.ml.metrics import ndcg_at_k

RESULTS = BENCHMARKS / "results" / "two_stage.csv"
TAGS, PICKED = (500, 1_000, 3_000, 10_000, 30_000), (4, 8, 16)
_DIMENSIONS, _PENALTY, _TAGS_A_CLUSTER = 256, 1.0, 32
_DEV_DOCUMENTS, _TIMED, _BEST = 1_000, 200, 5
_COLUMNS = {
    "tags": "{tags:,.0f}",
    "clusters picked": "{picked:,.0f} of {clusters:,.0f}",
    "all tags, p50 ms": "{wide_p50_ms:.3f}",
    "two stages, p50 ms": "{two_stage_p50_ms:.3f}",
    "times as fast": "{speed_up:.1f}",
    "top five kept": "{kept:.1%}",
    "nDCG@5, all tags": "{wide_ndcg_at_5:.4f}",
    "nDCG@5, two stages": "{two_stage_ndcg_at_5:.4f}",
}
_PAGE = """# Two-stage head

Written by `python -m benchmarks.two_stage` from `two_stage.csv`; what is measured and how stands in
[benchmarks](../README.md). CPU milliseconds from the vector of one text to its best five tags.

{table}"""


@dataclass(frozen=True)
class Material:
    """Texts as unit vectors, and the tags of each."""

    train: FloatArray  # (n_documents, 256)
    dev: FloatArray
    train_tags: list[tuple[str, ...]]
    dev_tags: list[tuple[str, ...]]


@dataclass(frozen=True)
class LinearHead:
    """Rows for the most used tags, and which of them each dev document bears."""

    weights: FloatArray  # (n_labels, 256)
    intercepts: FloatArray
    gold: sparse.csr_matrix  # (n_dev, n_labels)


def main() -> None:
    """One row for each number of tags and of clusters picked."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.two_stage", description=__doc__)
    arguments.add_argument("--set", default="tibkat-en")
    arguments.add_argument("--data", type=Path, default=ROOT / ".." / "shared" / "data")
    arguments.add_argument("--tags", type=int, nargs="*", default=TAGS)
    arguments.add_argument("--documents", type=int, default=20_000)
    asked = arguments.parse_args()
    data = DataSet((asked.data / asked.set).resolve())
    found: Figures = read_figures(RESULTS)
    for system, figures in measured(material_of(data, asked.documents), asked.tags):
        print(data.name, system, figures, flush=True)
        found = found | {(data.name, system): figures}
        write_figures(RESULTS, found)
        RESULTS.with_suffix(".md").write_text(page(found), encoding="utf-8")


def page(figures: Figures) -> str:
    """The whole page."""
    ordered = sorted(figures.items(), key=lambda item: (item[0][0], item[1]["tags"], item[1]["picked"]))
    rows = [(name, *(cell(each, some) for each in _COLUMNS.values())) for (name, _), some in ordered]
    return _PAGE.format(table=markdown(("set", *_COLUMNS), rows))


def material_of(data: DataSet, n_documents: int) -> Material:
    """A seeded sample of train, the first documents of dev."""
    train, dev = (list(data.documents(part)) for part in ("train", "dev"))
    rows = np.random.default_rng(0).permutation(len(train))[:n_documents]
    train, dev = [train[row] for row in np.sort(rows)], dev[:_DEV_DOCUMENTS]
    words = TfidfVectorizer(sublinear_tf=True, max_features=100_000, dtype=np.float32)
    matrix = words.fit_transform([each.text for each in train])
    reduced = TruncatedSVD(min(_DIMENSIONS, matrix.shape[1] - 1), random_state=0).fit(matrix)
    vectors = [normalize(reduced.transform(some)).astype(np.float32) for some in (matrix, _seen(words, dev))]
    return Material(vectors[0], vectors[1], [each.tags for each in train], [each.tags for each in dev])


def measured(material: Material, sizes: Sequence[int]) -> Iterator[tuple[str, dict[str, float]]]:
    """A name and figures for each number of tags and of clusters picked."""
    for size in sizes:
        linear = _fitted(material, size)
        clusters = balanced_clusters(linear.weights, max(1, len(linear.weights) // _TAGS_A_CLUSTER), seed=0)
        matcher = mean_matcher(linear.weights, linear.intercepts, clusters)
        head = clustered_head(linear.weights, linear.intercepts, clusters, *matcher)
        wide = top_labels(material.dev @ linear.weights.T + linear.intercepts, _BEST)
        for picked in PICKED:
            figures = _compared(material.dev, linear, head, wide, picked)
            yield f"two-stage-{size}-tags-{picked}-picked", {"tags": float(len(linear.weights)), **figures}


def _compared(
    dev: FloatArray, linear: LinearHead, head: ClusteredHead, wide: IntArray, picked: int
) -> dict[str, float]:
    two_stage = np.array([_best_of_clusters(head, text, picked) for text in dev])
    timed = dev[:_TIMED]
    slow = _p50_ms(lambda text: top_labels((linear.weights @ text + linear.intercepts)[None], _BEST), timed)
    fast = _p50_ms(lambda text: _best_of_clusters(head, text, picked), timed)
    pairs = zip(two_stage.tolist(), wide.tolist(), strict=True)
    kept = [len(set(ours) & set(theirs)) / _BEST for ours, theirs in pairs]
    gold = linear.gold.toarray() > 0
    return {
        "picked": float(min(picked, head.clusters.n_clusters)),
        "clusters": float(head.clusters.n_clusters),
        "wide_p50_ms": slow,
        "two_stage_p50_ms": fast,
        "speed_up": slow / fast,
        "kept": float(np.mean(kept)),
        "wide_ndcg_at_5": float(np.nanmean(ndcg_at_k(gold, wide, _BEST))),
        "two_stage_ndcg_at_5": float(np.nanmean(ndcg_at_k(gold, two_stage, _BEST))),
    }


def _best_of_clusters(head: ClusteredHead, text: FloatArray, picked: int) -> IntArray:
    labels, scores = head.best(full_bag(text), picked)
    best: IntArray = labels[np.argsort(-scores, kind="stable")[:_BEST]]
    return best


def _p50_ms(rank: Callable[[FloatArray], object], texts: FloatArray) -> float:
    spent = []
    for text in texts:
        started = time.process_time_ns()
        rank(text)
        spent.append(time.process_time_ns() - started)
    return float(np.median(spent)) / 1e6


def _fitted(material: Material, n_tags: int) -> LinearHead:
    """Least squares on the centred targets of the most used tags."""
    counts = Counter(tag for tags in material.train_tags for tag in tags)
    label_of = {tag: label for label, (tag, _) in enumerate(counts.most_common(n_tags))}
    gold, dev_gold = (_matrix(tags, label_of) for tags in (material.train_tags, material.dev_tags))
    vectors = material.train
    means = np.asarray(gold.mean(axis=0), np.float32).ravel()
    products = (gold.T @ vectors).T - np.outer(vectors.sum(axis=0), means)
    gram = vectors.T @ vectors + _PENALTY * np.eye(vectors.shape[1], dtype=np.float32)
    return LinearHead(np.ascontiguousarray(np.linalg.solve(gram, products).T, np.float32), means, dev_gold)


def _matrix(tags: Sequence[Sequence[str]], label_of: dict[str, int]) -> sparse.csr_matrix:
    cells = [(row, label_of[tag]) for row, some in enumerate(tags) for tag in set(some) if tag in label_of]
    rows, labels = (np.array(side, np.int64) for side in zip(*cells, strict=True))
    return sparse.csr_matrix((np.ones(len(cells), np.float32), (rows, labels)), (len(tags), len(label_of)))


def _seen(words: TfidfVectorizer, documents: Sequence[Document]) -> sparse.csr_matrix:
    return words.transform([each.text for each in documents])


if __name__ == "__main__":
    main()
