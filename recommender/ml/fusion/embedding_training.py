"""Fits what the fusion learns on the vectors of an encoder, which reads every text once."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import linalg

from recommender.ml.configs import FusionConfig
from recommender.ml.examples import Example, FloatArray, IntArray, Text
from recommender.ml.fusion.config import EmbeddingConfig
from recommender.ml.fusion.corpus import Corpus
from recommender.ml.fusion.embedding import (
    ENCODER,
    GRAPH,
    EmbeddingReader,
    LandmarkRegression,
    as_text,
    encoder_parts,
    kernel,
)
from recommender.ml.fusion.ridge import label_means, most_used, solved
from recommender.ml.parts import ModelParts, OnProgress, TrainingTask, nested
from recommender.ml.transformer import EncoderParts, TextEncoder
from recommender.ml.transformer_training import fit_encoder

_TEXTS_A_SIGN = 32
_JITTER = 1e-2  # on the diagonal of the landmarks' kernel, so that near copies of a document do no harm


class _Remembering:
    """An encoder that reads each text once, however many folds the text is part of."""

    def __init__(self, parts: EncoderParts, threads: int, on_progress: OnProgress) -> None:
        self.parts, self._on_progress = parts, on_progress
        self._encoder = TextEncoder(parts, threads=threads)
        self._vectors: dict[Text, FloatArray] = {}

    def encode(self, texts: Sequence[Text]) -> FloatArray:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        for start in range(0, len(new), _TEXTS_A_SIGN):
            self._on_progress("encoding texts", start / len(new))
            some = new[start : start + _TEXTS_A_SIGN]
            self._vectors.update(zip(some, self._encoder.encode(some), strict=True))
        if not texts:
            return np.empty((0, self._encoder.dim), np.float32)
        return np.stack([self._vectors[text] for text in texts])


class EmbeddingTraining:
    """See ReaderTraining. An encoder that learns from tags is tuned anew for every fold, not to know the answers."""

    def __init__(self, task: TrainingTask, fitted: ModelParts | None = None) -> None:
        self._task = task
        self._config: FusionConfig = task.config
        self._shared: _Remembering | None = None
        known = None if fitted is None else encoder_parts(fitted)
        if known is not None:
            self._shared = _Remembering(known, self._config.threads, self._say)

    def fit(self, examples: Sequence[Example], corpus: Corpus, on_progress: OnProgress) -> EmbeddingReader:
        """See ReaderTraining."""
        encoder = self._encoder_of(examples, on_progress)
        vectors = encoder.encode([example.text for example in examples])
        tags = encoder.encode([as_text(each) for each in self._task.tag_texts_or_ids()])
        labels = most_used(corpus, self._config.ridge)
        regression = fit_regression(corpus, vectors, labels, self._config.embedding)
        return EmbeddingReader(encoder, regression, vectors, corpus.gold, tags)

    def parts(self, reader: EmbeddingReader) -> ModelParts:
        """See ReaderTraining."""
        encoder = reader.encoder
        if not isinstance(encoder, _Remembering):
            raise TypeError(f"the reader was not fitted here: its encoder is a {type(encoder).__name__}")
        kept = encoder.parts
        settings = dict(kept.settings) | {"sharpness": reader.regression.sharpness}
        return nested(ModelParts(settings, kept.words, reader.tensors(), {GRAPH: kept.graph}), ENCODER)

    def _encoder_of(self, examples: Sequence[Example], on_progress: OnProgress) -> _Remembering:
        if self._shared is not None:
            return self._shared
        if self._config.encoder.fine_tune == "tags":
            return self._new_encoder(examples, on_progress)
        self._shared = self._new_encoder(self._task.train, on_progress)
        return self._shared

    def _new_encoder(self, examples: Sequence[Example], on_progress: OnProgress) -> _Remembering:
        tag_texts = [as_text(each) for each in self._task.tag_texts_or_ids()]
        in_words = [". ".join(part for part in (each.title, each.body) if part) for each in tag_texts]
        parts = fit_encoder(
            self._config.encoder,
            [example.text for example in examples],
            on_progress,
            seed=self._task.seed,
            tag_texts=[[in_words[label] for label in example.labels] for example in examples],
        )
        return _Remembering(parts, self._config.threads, self._say)

    def _say(self, stage: str, _fraction: float) -> None:
        """A sign of life; how far the training is as a whole, others know."""
        self._task.on_progress(stage, 0.1)


def fit_regression(
    corpus: Corpus, vectors: FloatArray, labels: IntArray, config: EmbeddingConfig
) -> LandmarkRegression:
    """Least squares as in `fit_ridge`, on the kernel of the vectors (n_documents, dim) with evenly spread landmarks."""
    n_landmarks = min(config.landmarks, corpus.n_documents)
    places = np.linspace(0, corpus.n_documents - 1, n_landmarks).astype(np.int64)
    landmarks = vectors[corpus.oldest_first[places]].astype(np.float16).astype(np.float32)
    if len(labels) == 0:
        nothing = np.empty((n_landmarks, 0), np.float32)
        return LandmarkRegression(landmarks, nothing, labels, np.empty(0, np.float32), config.sharpness)
    among = kernel(landmarks, landmarks, config.sharpness).astype(np.float64)
    among[np.diag_indices_from(among)] += _JITTER
    root = np.linalg.cholesky(among)  # features are k(text, landmarks) @ inverse(root).T

    def from_root(values: FloatArray, *, transposed: bool) -> FloatArray:
        solution: FloatArray = linalg.solve_triangular(root, values, lower=True, trans=1 if transposed else 0)
        return solution.astype(np.float32)

    features = from_root(kernel(vectors, landmarks, config.sharpness).T, transposed=False).T
    silent: Callable[[float], None] = lambda _fraction: None  # noqa: E731
    blocks = list(solved(_Primal(features, config.penalty), corpus, labels, n_landmarks, silent))
    weights = from_root(np.concatenate(blocks, axis=1), transposed=True)
    return LandmarkRegression(landmarks, weights, labels, label_means(corpus, labels), config.sharpness)


class _Primal:
    """(XᵀX + penalty I) w = Xᵀ y; see Solver in ridge.py."""

    def __init__(self, features: FloatArray, penalty: float) -> None:
        self._features = features
        gram = features.T @ features
        gram[np.diag_indices_from(gram)] += np.float32(penalty)
        self._factor = linalg.cho_factor(gram, lower=True, check_finite=False)

    def weights(self, targets: FloatArray) -> FloatArray:
        """Shape (n_documents, k) to (n_features, k)."""
        result: FloatArray = linalg.cho_solve(self._factor, self._features.T @ targets, check_finite=False)
        return result

    def predictions(self, weights: FloatArray) -> FloatArray:
        """Shape (n_features, k) to (n_documents, k)."""
        result: FloatArray = self._features @ weights
        return result
