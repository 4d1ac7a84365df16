"""Our bundles as a function that ranks, for the same clock as the peers."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.compare.documents import Document
from benchmarks.compare.peers.kinds import Rank, Ranked
from recommender.ml import Text, open_bundle


def open_model(folder: Path) -> Rank:
    ranker = open_bundle(folder, threads=1)
    names = ranker.label_space.tag_ids

    def rank(documents: Sequence[Document], limit: int) -> list[Ranked]:
        rankings = ranker.rank([Text(d.title, d.body, d.language) for d in documents], limit=limit)
        return [
            [(names[label], float(chance)) for label, chance in zip(some.labels, some.probabilities, strict=True)]
            for some in rankings
        ]

    return rank
