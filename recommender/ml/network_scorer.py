"""Serves the network: tables (memory-mapped) and convolution with numpy, the MLP by onnxruntime."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.examples import BoolArray, FloatArray, IntArray, Text
from recommender.ml.features import FeatureSpace
from recommender.ml.network_filters import WordFilters
from recommender.ml.network_two_stage import opened_two_stage
from recommender.ml.parts import ModelParts, feature_space
from recommender.ml.subwords import Subwords
from recommender.ml.text import Tokens, head_and_tail, tokenise

HEAD = "head.onnx"
TAG_VECTORS = "tag_vectors"
_BATCH = 64
_SHORTLIST, _OCCLUDED = 64, 10
_CACHED_UNKNOWN_WORDS = 20_000


@dataclass(frozen=True)
class Document:
    """A tokenised text as word indices of its fields."""

    tokens: Tokens
    title: IntArray
    body: IntArray

    def without(self, word: int) -> "Document":
        """Every occurrence of the word is made unknown; neighbours do not become pairs."""
        return Document(
            self.tokens,
            np.where(self.title == word, np.int64(-1), self.title),
            np.where(self.body == word, np.int64(-1), self.body),
        )


class NetworkScorer:
    """Logits of the exported network; the tables may be memory-mapped half floats."""

    def __init__(self, parts: ModelParts, n_labels: int, threads: int) -> None:
        settings = parts.settings
        self._space: FeatureSpace = feature_space(parts)
        self._embedding: NDArray[Any] = parts.tensors["embedding"]
        self._vectors: NDArray[Any] = parts.tensors["vectors"]
        subwords = Subwords(
            int(settings["shortest_subword"]), int(settings["longest_subword"]), parts.tensors["subwords"]
        )
        self._unknown_vector = lru_cache(_CACHED_UNKNOWN_WORDS)(lambda word: unit(subwords.vector(word)))
        self._max_tokens = int(settings["max_tokens"])
        self._sequence_tokens = int(settings["sequence_tokens"])
        self._filters = WordFilters(parts.tensors, self._vectors, -self._space.idf[: self._space.n_words])
        self._head = _session(parts.graphs[HEAD], threads)
        self._two_stage = opened_two_stage(parts.tensors, int(settings.get("picked_clusters", 16)))
        self._n_labels = n_labels
        self._tag_vectors: NDArray[Any] | None = parts.tensors.get(TAG_VECTORS)

    def tag_vectors(self) -> FloatArray | None:
        """Rows of the output layer on their principal axes, (n_labels, dim); None in bundles older than these."""
        return None if self._tag_vectors is None else np.asarray(self._tag_vectors, np.float32)

    def logits(self, texts: Sequence[Text], chosen: Sequence[Iterable[int]] = ()) -> tuple[FloatArray, BoolArray]:
        """See Scorer."""
        tokens = [tokenise(text, max_tokens=self._max_tokens) for text in texts]
        return self.logits_of(tokens), np.array([each.truncated for each in tokens], np.bool_)

    def logits_of(self, tokens: Sequence[Tokens]) -> FloatArray:
        """Logits of texts that are tokens already, shape (n_texts, n_labels)."""
        documents = [self._document(each) for each in tokens]
        logits = np.empty((len(documents), self._n_labels), np.float32)
        by_length = np.argsort([len(d.title) + len(d.body) for d in documents], kind="stable")
        for start in range(0, len(documents), _BATCH):
            rows = by_length[start : start + _BATCH]
            logits[rows] = self._batch_logits([documents[row] for row in rows])
        return logits

    def word_contributions(self, text: Text, label: int) -> Mapping[str, float]:
        """By how much the logit falls without the word (Zeiler and Fergus, 2014, occlusion).

        Cheap occlusion in the bag alone picks the few words that are then taken out everywhere.
        """
        document = self._document(tokenise(text, max_tokens=self._max_tokens))
        words = self._heaviest_words(document)
        if not words:
            return {}
        pooled = self._pooled([document])
        variants = [document, *(document.without(word) for word in words)]
        in_bag = self._label_logits(np.repeat(pooled, len(variants), 0), self._bags(variants), label)
        order = np.argsort(in_bag[1:], kind="stable")[:_OCCLUDED]
        chosen = [words[place] for place in order]
        variants = [document, *(document.without(word) for word in chosen)]
        exact = self._label_logits(self._pooled(variants), self._bags(variants), label)
        drops = zip(chosen, exact[0] - exact[1:], strict=True)
        return {self._space.words[word]: float(drop) for word, drop in drops}

    def _document(self, tokens: Tokens) -> Document:
        return Document(tokens, self._space.word_indices(tokens.title), self._space.word_indices(tokens.body))

    def _heaviest_words(self, document: Document) -> list[int]:
        bag = self._space.bag(document.title, document.body)
        is_word = bag.features < self._space.n_words
        features, weights = bag.features[is_word], bag.weights[is_word]
        heaviest: list[int] = features[np.argsort(-weights, kind="stable")[:_SHORTLIST]].tolist()
        return heaviest

    def _batch_logits(self, documents: Sequence[Document]) -> FloatArray:
        return self._through_head(self._pooled(documents), self._bags(documents))

    def _through_head(self, pooled: FloatArray, bags: FloatArray) -> FloatArray:
        (last,) = self._head.run(None, {"bag": bags, "pooled": pooled})
        logits: FloatArray = last if self._two_stage is None else self._two_stage.logits(last)
        return logits

    def _label_logits(self, pooled: FloatArray, bags: FloatArray, label: int) -> FloatArray:
        """One label's logits, shape (n_texts,); exact where two stages would leave it out."""
        (last,) = self._head.run(None, {"bag": bags, "pooled": pooled})
        logits: FloatArray = last[:, label] if self._two_stage is None else self._two_stage.label_logits(last, label)
        return logits

    def _pooled(self, documents: Sequence[Document]) -> FloatArray:
        return np.stack([self._pooled_one(document) for document in documents])

    def _pooled_one(self, document: Document) -> FloatArray:
        words = (*document.tokens.title, *document.tokens.body)
        indices = np.concatenate([document.title, document.body])
        if len(indices) > self._sequence_tokens:
            words = head_and_tail(words, self._sequence_tokens)
            places = np.array(head_and_tail(tuple(range(len(indices))), self._sequence_tokens), np.int64)
            indices = indices[places]
        return self._filters.pooled(indices, lambda rows: self._word_vectors(words, indices, rows))

    def _word_vectors(self, words: Sequence[str], indices: IntArray, rows: IntArray) -> FloatArray:
        """Vectors of the words in some rows, (n_rows, vector_dim); an occluded word is zeros."""
        vectors = np.zeros((len(rows), self._vectors.shape[1]), np.float32)
        known = indices[rows] >= 0
        vectors[known] = self._vectors[indices[rows[known]]]
        for place in np.flatnonzero(~known):
            word = words[rows[place]]
            if word not in self._space.index_by_word:
                vectors[place] = self._unknown_vector(word)
        return vectors

    def _bags(self, documents: Sequence[Document]) -> FloatArray:
        bags = np.zeros((len(documents), self._embedding.shape[1]), np.float32)
        found = self._space.bags([(document.title, document.body) for document in documents])
        for row, (start, end) in enumerate(pairwise(found.offsets.tolist())):
            rows = self._embedding[found.features[start:end]].astype(np.float32)
            bags[row] = found.weights[start:end] @ rows
        return bags


def unit(vectors: FloatArray) -> FloatArray:
    """Vectors of length one along the last axis; zeros stay zeros."""
    lengths = np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True))
    normalised: FloatArray = vectors / np.maximum(lengths, np.float32(1e-9))
    return normalised


def _session(graph: bytes, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
