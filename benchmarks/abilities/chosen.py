"""What one right tag that is given does for the ranking of the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.abilities.lessons import Opened
from benchmarks.compare.scoring import Doubles, paired_bootstrap
from recommender.ml import Ranker, Text
from recommender.ml.examples import IntArray
from recommender.ml.metrics import ndcg_at_k

_K = 5
_BATCH = 256


@dataclass(frozen=True)
class Given:
    """A text, the label that is given, and the other right ones; `n_unknown` more are unknown to the model."""

    text: Text
    label: int
    others: tuple[int, ...]
    n_unknown: int


def figures(opened: Opened, seed: int) -> dict[str, float]:
    """nDCG@5 of the remaining tags without and with the given one, over test documents with two tags or more."""
    cases = cases_of(opened, seed)
    if not cases:
        return {"given_documents": 0.0}
    without = _ndcg(cases, _ranked(opened.ranker, cases, give=False), opened.ranker.n_labels)
    with_one = _ndcg(cases, _ranked(opened.ranker, cases, give=True), opened.ranker.n_labels)
    low, high = paired_bootstrap(with_one - without)
    return {
        "given_documents": float(len(cases)),
        "given_ndcg_at_5_without": float(without.mean()),
        "given_ndcg_at_5_with": float(with_one.mean()),
        "given_gain": float((with_one - without).mean()),
        "given_gain_low": low,
        "given_gain_high": high,
    }


def cases_of(opened: Opened, seed: int) -> list[Given]:
    """A known tag, chosen by chance, of each document that has another one."""
    label_of, rng = opened.label_space.label_by_tag_id, np.random.default_rng(seed)
    cases = []
    for document in opened.documents("test"):
        tags = set(document.tags)
        known = sorted(label_of[tag] for tag in tags if tag in label_of)
        if known and len(tags) > 1:
            given = known.pop(int(rng.integers(len(known))))
            cases.append(Given(document.text, given, tuple(known), len(tags) - 1 - len(known)))
    return cases


def _ranked(ranker: Ranker, cases: Sequence[Given], *, give: bool) -> IntArray:
    """The five best labels but the given one, shape (n_cases, 5); n_labels where there are fewer."""
    ranked = np.full((len(cases), _K), ranker.n_labels, np.int64)
    for start in range(0, len(cases), _BATCH):
        some = cases[start : start + _BATCH]
        chosen = [[case.label] for case in some] if give else []
        rankings = ranker.rank([case.text for case in some], limit=_K + 1, chosen=chosen)
        for row, (case, ranking) in enumerate(zip(some, rankings, strict=True), start):
            best = ranking.labels[ranking.labels != case.label][:_K]
            ranked[row, : len(best)] = best
    return ranked


def _ndcg(cases: Sequence[Given], ranked: IntArray, n_labels: int) -> Doubles:
    """Shape (n_cases,); tags that the model does not know cannot be found and count as missed."""
    values = []
    for case, row in zip(cases, ranked, strict=True):
        gold = np.zeros((1, n_labels + 1 + case.n_unknown), np.bool_)
        gold[0, list(case.others)] = True
        gold[0, n_labels + 1 :] = True
        values.append(float(ndcg_at_k(gold, row[None, :], _K)[0]))
    return np.array(values)
