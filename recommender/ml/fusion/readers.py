"""Readers: sources that read texts in their own way, how they are fitted, kept in a bundle and opened again."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from recommender.ml.examples import Example
from recommender.ml.fusion.corpus import Corpus
from recommender.ml.fusion.embedding import EmbeddingReader
from recommender.ml.fusion.scores import Reader
from recommender.ml.fusion.sparse_rows import Csr
from recommender.ml.fusion.towers import TowersReader
from recommender.ml.parts import ModelParts, OnProgress, TrainingTask


class ReaderTraining(Protocol):
    """Fits one reader, on all training documents or on those of a fold."""

    def fit(self, examples: Sequence[Example], corpus: Corpus, on_progress: OnProgress) -> Reader:
        """`corpus` has the examples as matrices, row by row."""
        ...

    def parts(self, reader: Any) -> ModelParts:
        """What a bundle keeps of a reader that `fit` gave, nested under a name of its own."""
        ...


def reader_trainings(task: TrainingTask, fitted: ModelParts | None = None) -> tuple[ReaderTraining, ...]:
    """Those that the settings ask for; what `fitted` holds of an encoder is taken over."""
    config = task.config
    found: list[ReaderTraining] = []
    if config.encoder.source:
        from recommender.ml.fusion.embedding_training import EmbeddingTraining

        found.append(EmbeddingTraining(task, fitted))
    if config.two_towers == "yes":
        from recommender.ml.fusion.towers_training import TowersTraining

        found.append(TowersTraining(task))
    return tuple(found)


def opened_readers(parts: ModelParts, gold: Csr, threads: int) -> tuple[Reader, ...]:
    """The readers of a bundle; `gold` has the tags of its documents, shape (n_documents, n_labels)."""
    kinds: tuple[Callable[[ModelParts, Csr, int], Reader | None], ...] = (
        EmbeddingReader.of_parts,
        TowersReader.of_parts,
    )
    opened = (of_parts(parts, gold, threads) for of_parts in kinds)
    return tuple(reader for reader in opened if reader is not None)
