"""Texts and tags as vectors of one encoder: a regression on them, near documents, tags whose texts are alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.ml.examples import FloatArray, IntArray, Text
from recommender.ml.fusion.pair_table import Document
from recommender.ml.fusion.scores import Scores
from recommender.ml.fusion.sparse_rows import Csr, product
from recommender.ml.highest import top_labels
from recommender.ml.parts import ModelParts, inner
from recommender.ml.tag_texts import TagText, spaced
from recommender.ml.transformer import EncoderParts, TextEncoder

ENCODER, GRAPH = "encoder", "bert.onnx"
REGRESSION, VOTES, TAG_TEXTS = "embedding regression", "embedding votes", "embedding tag texts"
_N_VOTERS = 20
_SHARPNESS_OF_VOTES = 8  # power of the cosines, which lie closer together than those of TF-IDF
_MAX_NAMES = 6
_INT8 = 127.0


class Encodes(Protocol):
    """Texts to rows of length one; see TextEncoder."""

    def encode(self, texts: Sequence[Text]) -> FloatArray: ...


@dataclass(frozen=True)
class LandmarkRegression:
    """Score of label `labels[j]` = k(vectors, landmarks) @ weights[:, j] + intercepts[j], P(label | text) or so.

    k(a, b) = exp(sharpness * (a·b - 1)): kernel regression whose functions are spanned by some documents, the
    landmarks (Williams and Seeger, NIPS 2000: the Nyström method).
    """

    landmarks: FloatArray  # (n_landmarks, dim)
    weights: FloatArray  # (n_landmarks, n_linear)
    labels: IntArray  # (n_linear,) ascending
    intercepts: FloatArray  # (n_linear,)
    sharpness: float

    def scores(self, vectors: FloatArray) -> FloatArray:
        """Shape (n_texts, dim) to (n_texts, n_linear)."""
        result: FloatArray = kernel(vectors, self.landmarks, self.sharpness) @ self.weights + self.intercepts
        return result


def kernel(left: FloatArray, right: FloatArray, sharpness: float) -> FloatArray:
    """exp(sharpness * (cosine - 1)) of every pair of rows of length one."""
    values: FloatArray = np.exp(np.float32(sharpness) * (left @ right.T - np.float32(1.0)))
    return values


@dataclass(frozen=True)
class EmbeddingReader:
    """What the vectors of an encoder say; see Reader."""

    encoder: Encodes
    regression: LandmarkRegression
    documents: FloatArray  # (n_documents, dim)
    gold: Csr  # (n_documents, n_labels)
    tags: FloatArray  # (n_labels, dim)

    def scores(self, documents: Sequence[Document]) -> Mapping[str, Scores]:
        """The same text in several documents is encoded once."""
        place_of = {text: place for place, text in enumerate(dict.fromkeys(each.text for each in documents))}
        vectors = self.encoder.encode(list(place_of))[[place_of[each.text] for each in documents]]
        return {
            REGRESSION: Scores(self.regression.scores(vectors), self.regression.labels, positive_only=False),
            VOTES: Scores(self._votes(vectors)),
            TAG_TEXTS: Scores(vectors @ self.tags.T),
        }

    def with_tags(self, tag_texts: Sequence[TagText]) -> "EmbeddingReader":
        """With more tags behind those it knows."""
        new = self.encoder.encode([as_text(each) for each in tag_texts])
        return replace(self, tags=np.concatenate([self.tags, new]))

    def _votes(self, vectors: FloatArray) -> FloatArray:
        """Shares of the nearest documents' votes, distance-weighted (Dudani, 1976), shape (n_texts, n_labels)."""
        cosines = vectors @ self.documents.T
        nearest = top_labels(cosines, min(_N_VOTERS, len(self.documents)))
        weights = np.maximum(np.take_along_axis(cosines, nearest, 1), np.float32(0.0)) ** _SHARPNESS_OF_VOTES
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), np.float32(1e-9))
        offsets = np.arange(len(nearest) + 1) * nearest.shape[1]
        voters = sparse.csr_matrix((weights.ravel(), nearest.ravel(), offsets), cosines.shape)
        return product(voters, self.gold)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Flat arrays for a bundle; vectors of documents and tags in 8 bits."""
        regression = self.regression
        return {
            "landmarks": regression.landmarks.astype(np.float16),
            "weights": regression.weights.astype(np.float16),
            "labels": regression.labels,
            "intercepts": regression.intercepts,
            **_in_8_bits("documents", self.documents),
            **_in_8_bits("tags", self.tags),
        }

    @classmethod
    def of_parts(cls, parts: ModelParts, gold: Csr, threads: int) -> "EmbeddingReader | None":
        """The inverse of `tensors`, with its encoder; None where the bundle has none."""
        own = inner(parts, ENCODER)
        if own is None:
            return None
        tensors = own.tensors
        regression = LandmarkRegression(
            landmarks=np.asarray(tensors["landmarks"], np.float32),
            weights=np.asarray(tensors["weights"], np.float32),
            labels=np.array(tensors["labels"]),
            intercepts=np.array(tensors["intercepts"]),
            sharpness=float(own.settings["sharpness"]),
        )
        documents, tags = (_from_8_bits(name, tensors) for name in ("documents", "tags"))
        return cls(TextEncoder(_encoder(own), threads=threads), regression, documents, gold, tags)


def encoder_parts(parts: ModelParts) -> EncoderParts | None:
    """The encoder that a bundle of a fusion holds."""
    own = inner(parts, ENCODER)
    return None if own is None else _encoder(own)


def _encoder(own: ModelParts) -> EncoderParts:
    return EncoderParts(own.graphs[GRAPH], own.words, {name: own.settings[name] for name in ("max_tokens", "dim")})


def as_text(tag_text: TagText) -> Text:
    """What an encoder reads of a tag: its first names in plain words, then its definition."""
    names = dict.fromkeys(spaced(name) for name in tag_text.names[:_MAX_NAMES])
    return Text(", ".join(names), tag_text.definition)


def _in_8_bits(name: str, vectors: FloatArray) -> dict[str, NDArray[Any]]:
    """Each row by its own largest number."""
    scales = np.maximum(np.abs(vectors).max(axis=1, initial=0.0), np.float32(1e-9)) / np.float32(_INT8)
    return {name: np.rint(vectors / scales[:, None]).astype(np.int8), f"{name}.scales": scales.astype(np.float32)}


def _from_8_bits(name: str, tensors: Mapping[str, NDArray[Any]]) -> FloatArray:
    vectors: FloatArray = np.asarray(tensors[name], np.float32) * np.asarray(tensors[f"{name}.scales"])[:, None]
    return vectors
