"""PECOS XR-Linear (Yu et al., JMLR 2022; `libpecos`) on TF-IDF: hierarchical K-means of tags, linear rankers."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib

from benchmarks.compare.documents import Document
from benchmarks.compare.peers.kinds import Lesson, Rank, Ranked, used_tags
from benchmarks.compare.peers.text import label_matrix, texts, tfidf_vectoriser


def train(lesson: Lesson) -> None:
    from pecos.xmc import Indexer, LabelEmbeddingFactory
    from pecos.xmc.xlinear.model import XLinearModel

    vectoriser = tfidf_vectoriser(pairs=lesson.settings["pairs"])
    features = vectoriser.fit_transform(texts(lesson.documents)).tocsr()
    features.sort_indices()
    tags = used_tags(lesson.documents)
    gold = label_matrix(lesson.documents, tags).tocsc()
    tag_features = LabelEmbeddingFactory.create(gold, features, method="pifa")
    chain = Indexer.gen(tag_features, threads=1, **lesson.settings["index"])
    model = XLinearModel.train(features, gold, C=chain, threads=1, **lesson.settings["train"])
    model.save(str(lesson.folder / "model"))
    joblib.dump(vectoriser, lesson.folder / "vectoriser.joblib")
    (lesson.folder / "tags.json").write_text(json.dumps(tags), encoding="utf-8")


def open_model(folder: Path) -> Rank:
    from pecos.xmc.xlinear.model import XLinearModel

    vectoriser = joblib.load(folder / "vectoriser.joblib")
    model = XLinearModel.load(str(folder / "model"), is_predict_only=True)
    tags = json.loads((folder / "tags.json").read_text(encoding="utf-8"))

    def rank(documents: Sequence[Document], limit: int) -> list[Ranked]:
        features = vectoriser.transform(texts(documents)).tocsr()
        features.sort_indices()
        found = model.predict(features, only_topk=limit, threads=1)
        return [_ranked(found, row, tags) for row in range(len(documents))]

    return rank


def _ranked(found: Any, row: int, tags: Sequence[str]) -> Ranked:
    part = slice(found.indptr[row], found.indptr[row + 1])
    cells = zip(found.indices[part].tolist(), found.data[part].tolist(), strict=True)
    return [(tags[label], score) for label, score in sorted(cells, key=lambda cell: -cell[1])]
