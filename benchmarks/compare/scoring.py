"""The measures of a predictions file, from the formulas of the literature; documents without gold tags are left out.

A predictions file has one JSON object a line with `id` and `tags`, a list of [name, score], best first. A gold document
without a prediction counts as empty; a tag that a list names twice counts at its first place.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.compare.documents import Document, read_rows
from recommender.ml.metrics import TAIL_BELOW_DOCUMENTS, inverse_propensities

Doubles = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Ranking = Sequence[tuple[str, float]]
Predictions = Mapping[str, Ranking]


@dataclass(frozen=True)
class Scores:
    """Figures by name, and nDCG@5 of each document with gold tags in the order of the file (for the bootstrap)."""

    figures: dict[str, float]
    ndcg_at_5_by_document: Doubles


@dataclass(frozen=True)
class _Cells:
    """All ranked (document, tag) pairs one after another in the order of the file, with their scores and hits."""

    scores: Doubles
    hits: Booleans
    names: Sequence[str]


def read_predictions(path: Path) -> dict[str, list[tuple[str, float]]]:
    """Ranked tags by document id."""
    return {row["id"]: [(name, float(score)) for name, score in row["tags"]] for row in read_rows(path)}


def scored(gold: Sequence[Document], predictions: Predictions, train: Sequence[Document]) -> Scores:
    """Every measure of one system on one part; raises ValueError when no document has gold tags."""
    tagged = [document for document in gold if document.tags]
    if not tagged:
        raise ValueError("no document has gold tags")
    ranked = [_without_repeats(predictions.get(document.document_id, ())) for document in tagged]
    counts = Counter(tag for document in train for tag in document.tags)
    hits = _hits(tagged, ranked)
    n_gold = np.array([len(document.tags) for document in tagged])
    ndcg = {k: _ndcg(hits, n_gold, k) for k in (1, 3, 5)}
    figures = {f"ndcg_at_{k}": float(values.mean()) for k, values in ndcg.items()}
    figures |= {f"precision_at_{k}": float(hits[:, :k].sum(axis=1).mean() / k) for k in (1, 3, 5)}
    figures |= {f"recall_at_{k}": float((hits[:, :k].sum(axis=1) / n_gold).mean()) for k in (5, 10)}
    figures |= {"mrr": _mrr(hits), "psp_at_5": _psp_at_5(tagged, ranked, counts, len(train))}
    figures |= _f1_at_best_cut(tagged, ranked, counts) | {"test_documents": float(len(tagged))}
    return Scores(figures, ndcg[5])


def paired_bootstrap(difference: Doubles, *, resamples: int = 2000, seed: int = 0) -> tuple[float, float]:
    """Ends of the 95 % percentile interval of the mean difference over documents (Efron, Tibshirani, 1993)."""
    generator = np.random.default_rng(seed)
    n = len(difference)
    means = [difference[generator.integers(0, n, n)].mean() for _ in range(resamples)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _without_repeats(pairs: Ranking) -> Ranking:
    scores: dict[str, float] = {}
    for name, score in pairs:
        scores.setdefault(name, score)
    return list(scores.items())


def _hits(tagged: Sequence[Document], ranked: Sequence[Ranking]) -> Booleans:
    """Shape (n_documents, longest list), false where a list has ended."""
    hits = np.zeros((len(tagged), max([10, *map(len, ranked)])), np.bool_)
    for row, (document, pairs) in enumerate(zip(tagged, ranked, strict=True)):
        wanted = set(document.tags)
        hits[row, : len(pairs)] = [name in wanted for name, _ in pairs]
    return hits


def _ndcg(hits: Booleans, n_gold: NDArray[np.int64], k: int) -> Doubles:
    """Gain 1, discount log2(rank + 1) (Järvelin, Kekäläinen, 2002); shape (n_documents,)."""
    discounts = 1.0 / np.log2(np.arange(k) + 2.0)
    best = np.cumsum(discounts)[np.minimum(n_gold, k) - 1]
    gained: Doubles = (hits[:, :k] * discounts).sum(axis=1) / best
    return gained


def _mrr(hits: Booleans) -> float:
    return float((hits.any(axis=1) / (hits.argmax(axis=1) + 1.0)).mean())


def _psp_at_5(tagged: Sequence[Document], ranked: Sequence[Ranking], counts: Counter[str], n_train: int) -> float:
    """Propensity-scored precision against the best possible (Jain et al., KDD 2016)."""
    gained = best = 0.0
    for document, pairs in zip(tagged, ranked, strict=True):
        weights = dict(zip(document.tags, _weights(document.tags, counts, n_train), strict=True))
        gained += sum(weights.get(name, 0.0) for name, _ in pairs[:5])
        best += sum(sorted(weights.values(), reverse=True)[:5])
    return gained / best


def _weights(tags: Sequence[str], counts: Counter[str], n_train: int) -> Sequence[float]:
    weights = inverse_propensities(np.array([counts[tag] for tag in tags], np.int64), n_train)
    return [float(weight) for weight in weights]


def _f1_at_best_cut(tagged: Sequence[Document], ranked: Sequence[Ranking], counts: Counter[str]) -> dict[str, float]:
    """Micro- and macro-F1 where all ranked pairs, best score first, are cut at the place with the best micro-F1.

    An oracle on these very documents, for comparing rankers only. Macro is over the tags with gold documents; tail tags
    have fewer than 10 training documents.
    """
    gold = Counter(tag for document in tagged for tag in document.tags)
    cells = _cells(tagged, ranked)
    order = np.argsort(-cells.scores, kind="stable")
    found = np.cumsum(cells.hits[order])
    f1 = 2.0 * found / (np.arange(1, len(order) + 1) + gold.total())
    kept = order[: int(f1.argmax()) + 1] if len(f1) and f1.max() > 0 else order[:0]
    f1_by_tag = _f1_by_tag(gold, Counter(cells.names[i] for i in kept), Counter(_hit_names(cells, kept)))
    parts = {"": list(f1_by_tag)}
    parts["_head"] = [tag for tag in gold if counts[tag] >= TAIL_BELOW_DOCUMENTS]
    parts["_tail"] = [tag for tag in gold if counts[tag] < TAIL_BELOW_DOCUMENTS]
    figures = {
        f"macro_f1{part}": float(np.mean([f1_by_tag[tag] for tag in some])) for part, some in parts.items() if some
    }
    return {"micro_f1": float(f1.max(initial=0.0)), **figures}


def _cells(tagged: Sequence[Document], ranked: Sequence[Ranking]) -> _Cells:
    wanted = [set(document.tags) for document in tagged]
    flat = [(score, name in tags, name) for tags, pairs in zip(wanted, ranked, strict=True) for name, score in pairs]
    scores = np.array([score for score, _, _ in flat], np.float64)
    return _Cells(scores, np.array([hit for _, hit, _ in flat], np.bool_), [name for _, _, name in flat])


def _hit_names(cells: _Cells, kept: NDArray[np.int64]) -> list[str]:
    return [cells.names[i] for i in kept if cells.hits[i]]


def _f1_by_tag(gold: Counter[str], predicted: Counter[str], right: Counter[str]) -> dict[str, float]:
    return {tag: 2.0 * right[tag] / (predicted[tag] + n_gold) for tag, n_gold in gold.items()}
