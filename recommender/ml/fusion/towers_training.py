"""Fits the two towers as a source of the fusion."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recommender.ml.configs import TwoTowersConfig
from recommender.ml.examples import Example
from recommender.ml.fusion.corpus import Corpus
from recommender.ml.fusion.towers import TAGS, TOWERS, TowersReader
from recommender.ml.parts import ModelParts, OnProgress, TrainingTask, nested
from recommender.ml.two_towers import TwoTowers
from recommender.ml.two_towers_training import fit_two_towers


class TowersTraining:
    """See ReaderTraining."""

    def __init__(self, task: TrainingTask) -> None:
        self._task = task
        self._fitted: ModelParts | None = None

    def fit(self, examples: Sequence[Example], corpus: Corpus, on_progress: OnProgress) -> TowersReader:
        """See ReaderTraining."""
        tag_texts = self._task.tag_texts_or_ids()
        config = TwoTowersConfig(threads=self._task.config.threads)
        self._fitted = fit_two_towers(config, examples, tag_texts, on_progress, seed=self._task.seed)
        towers = TwoTowers(self._fitted)
        return TowersReader(towers, towers.tag_vectors(tag_texts))

    def parts(self, reader: TowersReader) -> ModelParts:
        """Of the reader that was fitted last."""
        if self._fitted is None:
            raise TypeError("the towers were not fitted here")
        tensors = {**self._fitted.tensors, TAGS: reader.tags.astype(np.float16)}
        return nested(replace(self._fitted, tensors=tensors), TOWERS)
