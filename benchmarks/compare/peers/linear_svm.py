"""One linear SVM a tag on TF-IDF (scikit-learn's LinearSVC), small coefficients dropped.

Dropping follows DiSMEC (Babbar, Schölkopf, WSDM 2017): coefficients below 0.01 do not change the ranking and would
make the models of thousands of tags too large for memory.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from scipy.sparse import csr_matrix, load_npz, save_npz, vstack

from benchmarks.compare.documents import Document
from benchmarks.compare.peers.kinds import Lesson, Rank, Ranked, used_tags
from benchmarks.compare.peers.text import label_matrix, texts, tfidf_vectoriser

_SMALLEST = 0.01


def train(lesson: Lesson) -> None:
    vectoriser = tfidf_vectoriser(pairs=lesson.settings["pairs"])
    features = vectoriser.fit_transform(texts(lesson.documents))
    tags = used_tags(lesson.documents)
    gold = label_matrix(lesson.documents, tags).tocsc()
    rows, intercepts = [], []
    for label in range(len(tags)):
        weights, intercept = _fitted(features, gold[:, [label]].toarray().ravel(), lesson.settings)
        rows.append(weights)
        intercepts.append(intercept)
    joblib.dump(vectoriser, lesson.folder / "vectoriser.joblib")
    save_npz(lesson.folder / "weights.npz", vstack(rows).tocsr(), compressed=False)
    np.save(lesson.folder / "intercepts.npy", np.array(intercepts, np.float32))
    (lesson.folder / "tags.json").write_text(json.dumps(tags), encoding="utf-8")


def open_model(folder: Path) -> Rank:
    vectoriser = joblib.load(folder / "vectoriser.joblib")
    weights = load_npz(folder / "weights.npz").T.tocsr()
    intercepts = np.load(folder / "intercepts.npy")
    tags = json.loads((folder / "tags.json").read_text(encoding="utf-8"))

    def rank(documents: Sequence[Document], limit: int) -> list[Ranked]:
        scores = (vectoriser.transform(texts(documents)) @ weights).toarray() + intercepts
        return [_best(row, tags, limit) for row in scores]

    return rank


def _fitted(features: Any, gold: Any, settings: Any) -> tuple[Any, float]:
    from sklearn.svm import LinearSVC

    if gold.all():
        return csr_matrix((1, features.shape[1]), dtype=np.float32), 1.0
    machine = LinearSVC(C=settings["C"], random_state=0).fit(features, gold)
    weights = np.where(np.abs(machine.coef_) < _SMALLEST, 0.0, machine.coef_)
    return csr_matrix(weights, dtype=np.float32), float(machine.intercept_[0])


def _best(scores: Any, tags: Sequence[str], limit: int) -> Ranked:
    order = np.argsort(-scores, kind="stable")[:limit]
    return [(tags[label], float(scores[label])) for label in order]
