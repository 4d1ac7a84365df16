"""Partitioned label trees by the Omikuji library: Parabel and Bonsai on TF-IDF.

Parabel (Prabhu et al., WWW 2018): balanced binary trees; Bonsai (Khandagale et al., 2019): shallow trees with 100
branches at each node and without balance.
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib

from benchmarks.compare.documents import Document
from benchmarks.compare.peers.kinds import Lesson, Rank, Ranked, used_tags
from benchmarks.compare.peers.text import texts, tfidf_vectoriser


def train(lesson: Lesson) -> None:
    import omikuji

    vectoriser = tfidf_vectoriser(pairs=lesson.settings["pairs"])
    features = vectoriser.fit_transform(texts(lesson.documents))
    tags = used_tags(lesson.documents)
    choices = omikuji.Model.default_hyper_param()
    for name, value in lesson.settings["trees"].items():
        setattr(choices, name, value)
    with tempfile.TemporaryDirectory(prefix="omikuji-") as scratch:
        path = Path(scratch) / "train.txt"
        _write_training_file(path, features, lesson.documents, tags)
        omikuji.Model.train_on_data(str(path), choices, 1).save(str(lesson.folder / "model"))
    joblib.dump(vectoriser, lesson.folder / "vectoriser.joblib")
    (lesson.folder / "tags.json").write_text(json.dumps(tags), encoding="utf-8")


def open_model(folder: Path) -> Rank:
    import omikuji

    vectoriser = joblib.load(folder / "vectoriser.joblib")
    model = omikuji.Model.load(str(folder / "model"))
    model.init_prediction_thread_pool(1)
    tags = json.loads((folder / "tags.json").read_text(encoding="utf-8"))

    def rank(documents: Sequence[Document], limit: int) -> list[Ranked]:
        features = vectoriser.transform(texts(documents))
        return [_ranked(model.predict(_cells(features, row), top_k=limit), tags) for row in range(len(documents))]

    return rank


def _write_training_file(path: Path, features: Any, documents: Sequence[Document], tags: Sequence[str]) -> None:
    """The format of the Extreme Classification Repository; documents without a tag or a feature are left out."""
    label_of = {tag: label for label, tag in enumerate(tags)}
    kept = [row for row, document in enumerate(documents) if document.tags and features[[row]].nnz]
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{len(kept)} {features.shape[1]} {len(tags)}\n")
        for row in kept:
            labels = ",".join(str(label_of[tag]) for tag in documents[row].tags)
            cells = " ".join(f"{column}:{value:.7g}" for column, value in _cells(features, row))
            file.write(f"{labels} {cells}\n")


def _cells(features: Any, row: int) -> list[tuple[int, float]]:
    part = slice(features.indptr[row], features.indptr[row + 1])
    return sorted(zip(features.indices[part].tolist(), features.data[part].tolist(), strict=True))


def _ranked(found: Sequence[tuple[int, float]], tags: Sequence[str]) -> Ranked:
    return [(tags[label], float(score)) for label, score in found]
