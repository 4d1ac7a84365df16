"""fastText's own classifier (Joulin et al., EACL 2017) with the settings of its tutorial for several labels."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.compare.documents import Document
from benchmarks.compare.peers.kinds import Lesson, Rank, Ranked, used_tags
from benchmarks.compare.peers.text import words

_PREFIX = "__label__"


def train(lesson: Lesson) -> None:
    import fasttext

    tags = used_tags(lesson.documents)
    label_of = {tag: f"{_PREFIX}{label}" for label, tag in enumerate(tags)}
    with tempfile.TemporaryDirectory(prefix="fasttext-") as scratch:
        path = Path(scratch) / "train.txt"
        with path.open("w", encoding="utf-8") as file:
            for document in lesson.documents:
                file.write(" ".join([*(label_of[tag] for tag in document.tags), *words(document)]) + "\n")
        model = fasttext.train_supervised(str(path), thread=1, verbose=0, **lesson.settings)
    model.save_model(str(lesson.folder / "model.bin"))
    (lesson.folder / "tags.json").write_text(json.dumps(tags), encoding="utf-8")


def open_model(folder: Path) -> Rank:
    import fasttext

    model = fasttext.load_model(str(folder / "model.bin"))
    tags = json.loads((folder / "tags.json").read_text(encoding="utf-8"))

    def rank(documents: Sequence[Document], limit: int) -> list[Ranked]:
        labels, scores = model.predict([" ".join(words(document)) for document in documents], k=limit)
        return [_ranked(some, chances, tags) for some, chances in zip(labels, scores, strict=True)]

    return rank


def _ranked(labels: Sequence[str], scores: Sequence[float], tags: Sequence[str]) -> Ranked:
    names = [tags[int(label.removeprefix(_PREFIX))] for label in labels]
    return list(zip(names, map(float, scores), strict=True))
