"""Serves the fusion with numpy, scipy and onnxruntime."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from recommender.ml.errors import BundleVersionUnsupported
from recommender.ml.examples import BoolArray, FloatArray, IntArray, Text
from recommender.ml.features import FeatureSpace
from recommender.ml.fusion.blending import Blend
from recommender.ml.fusion.boosting import BoostedGraph
from recommender.ml.fusion.given_tags import GivenTags
from recommender.ml.fusion.network_source import NetworkReader
from recommender.ml.fusion.pair_table import Document, PairTable
from recommender.ml.fusion.pairs import PairFeatures
from recommender.ml.fusion.readers import opened_readers
from recommender.ml.fusion.scored_sources import COLUMN
from recommender.ml.fusion.sources import Sources
from recommender.ml.fusion.sparse_rows import from_tensors
from recommender.ml.fusion.tag_side import TagSide, tag_side
from recommender.ml.lexical import LexicalIndex
from recommender.ml.parts import ModelParts, SimilarDocument, TrainingTask, feature_space
from recommender.ml.tag_texts import TagText
from recommender.ml.text import Tokens, tokenise

TREES_GRAPH = "fusion.onnx"
DOCUMENT_IDS, NAME_WORDS = "document_ids.json", "name_words.json"
_OCCLUDED = 24
_COMMON_SHARE = 0.3  # of the documents: a word that stands in more of them explains nothing


def as_files(task: TrainingTask, tags: TagSide) -> dict[str, bytes]:
    """Ids of the documents that can be named as similar, and the words of the tags' names."""
    ids = [example.document_id for example in task.train]
    return {
        DOCUMENT_IDS: json.dumps(ids, ensure_ascii=False).encode("utf-8", "surrogatepass"),
        NAME_WORDS: json.dumps(tags.names.words, ensure_ascii=False).encode("utf-8", "surrogatepass"),
    }


@dataclass(frozen=True)
class FusionScorer:
    """Logits of candidate pairs; every other cell has the floor, below all candidates."""

    features: PairFeatures
    trees: BoostedGraph
    blend: Blend
    given: GivenTags
    document_ids: tuple[str, ...]
    max_tokens: int
    floor: float

    @classmethod
    def of_parts(cls, parts: ModelParts, n_labels: int, threads: int) -> "FusionScorer":
        """Rebuilt from what `fit` made; raises BundleVersionUnsupported for what an earlier version of it made."""
        if "given_tags" not in parts.settings:
            raise BundleVersionUnsupported(
                "a fusion of an earlier version weighed given tags in its trees; train again"
            )
        space = feature_space(parts)
        names = {
            name.removeprefix("names."): array for name, array in parts.tensors.items() if name.startswith("names.")
        }
        lexical = LexicalIndex.from_tensors(names, json.loads(parts.files[NAME_WORDS]))
        tags = TagSide(lexical, from_tensors("tag_texts", parts.tensors))
        sources = Sources.from_tensors(parts.tensors, n_labels)
        network = NetworkReader.of_parts(parts, n_labels, threads)
        readers = (*((network,) if network else ()), *opened_readers(parts, sources.index.gold, threads))
        return cls(
            PairFeatures(space, sources, tags, readers),
            BoostedGraph(parts.graphs[TREES_GRAPH], [COLUMN[name] for name in parts.settings["features"]], threads),
            Blend(**parts.settings["blend"]),
            GivenTags(**parts.settings["given_tags"]),
            tuple(json.loads(parts.files[DOCUMENT_IDS])),
            int(parts.settings["max_tokens"]),
            float(parts.settings["floor"]),
        )

    def with_tags(self, tag_texts: Sequence[TagText]) -> "FusionScorer":
        """With more tags behind those it knows, suggested from their names and texts alone."""
        new = tag_side(tag_texts, self.features.space)
        old = self.features.tags
        texts = sparse.csr_matrix(sparse.vstack([old.texts, new.texts]))
        tags = TagSide(old.names.extended(tag_texts), texts)
        readers = tuple(reader.with_tags(tag_texts) for reader in self.features.readers)
        return replace(self, features=replace(self.features, tags=tags, readers=readers))

    def logits(self, texts: Sequence[Text], chosen: Sequence[Iterable[int]] = ()) -> tuple[FloatArray, BoolArray]:
        """See Scorer."""
        documents = self._documents(texts, chosen)
        table = self.features.table(documents)
        logits = np.full((len(texts), self.features.n_labels), self.floor, np.float32)
        scored = self.pair_logits(table.features)
        if any(document.chosen for document in documents):
            scored = np.maximum(scored + self.given.added(self.features.lifts(documents, table)), self.floor)
        logits[table.rows, table.labels] = scored
        return logits, np.array([document.tokens.truncated for document in documents], np.bool_)

    def word_contributions(self, text: Text, label: int) -> Mapping[str, float]:
        """By how much the logit falls without the word (Zeiler and Fergus, 2014, occlusion).

        Trees answer in steps, so that one word of several that say the same costs nothing alone: what all words cost
        together beyond that is shared out by their weights in the linear sources; these weights stand alone where even
        all words together cost nothing.
        """
        (document,) = self._documents([text])
        strengths = self._telling_words(document, label)
        if not strengths:
            return {}
        words = list(strengths)
        tokens = [document.tokens, *(_without(document.tokens, {word}) for word in words)]
        variants = [replace(document, tokens=each) for each in (*tokens, _without(document.tokens, set(words)))]
        logits = self._logits_of(self.features.table(variants), label)
        alone = np.maximum(logits[0] - logits[1:-1], 0.0)
        together = max(float(logits[0] - logits[-1] - alone.sum()), 0.0)
        shares = np.array(list(strengths.values()))
        costs = alone + together * shares / shares.sum()
        return dict(zip(words, (costs if costs.any() else shares).tolist(), strict=True))

    def similar_documents(self, text: Text, label: int, limit: int) -> list[SimilarDocument]:
        """Training documents with the label that are nearest to the text, nearest first."""
        index = self.features.sources.index
        if label >= index.gold.shape[1]:
            return []
        neighbours = index.neighbours(self.features.rows(self._documents([text])))
        bears = np.asarray(index.gold[neighbours.documents[0], label].todense()).ravel() > 0
        near = bears & (neighbours.similarities[0] > 0)
        return [
            SimilarDocument(self.document_ids[row], float(similarity))
            for row, similarity in zip(
                neighbours.documents[0][near][:limit], neighbours.similarities[0][near][:limit], strict=True
            )
        ]

    def tag_vectors(self) -> FloatArray:
        """Mean text of each tag in a space of at most 64 dimensions, shape (n_labels, n_dimensions)."""
        return _reduced(self._space_of_tags)

    @cached_property
    def _space_of_tags(self) -> sparse.csr_matrix:
        sources, tags = self.features.sources, self.features.tags
        centroids = sources.statistics.centroids.copy()
        centroids.resize(tags.texts.shape)
        return sparse.csr_matrix(centroids + 0.5 * tags.texts)

    def _documents(self, texts: Sequence[Text], chosen: Sequence[Iterable[int]] = ()) -> list[Document]:
        given = [tuple(labels) for labels in chosen] if chosen else [()] * len(texts)
        return [
            Document(text, tokenise(text, max_tokens=self.max_tokens), labels)
            for text, labels in zip(texts, given, strict=True)
        ]

    def _logits_of(self, table: PairTable, label: int) -> FloatArray:
        """The label's logit in every text of the table, shape (n_texts,)."""
        logits = np.full(table.n_texts, self.floor, np.float32)
        mine = table.labels == label
        logits[table.rows[mine]] = self.pair_logits(table.features[mine])
        return logits

    def pair_logits(self, features: FloatArray) -> FloatArray:
        """Logits of pairs with the columns of FEATURES, none below the floor, shape (n_pairs,)."""
        floored: FloatArray = np.maximum(self.blend.logits(self.trees.logits(features), features), self.floor)
        return floored

    def _telling_words(self, document: Document, label: int) -> dict[str, float]:
        """The words most likely to carry the label, and their weights in the linear sources and in its names."""
        space: FeatureSpace = self.features.space
        bag = space.bag_of(document.tokens)
        weights = bag.weights.astype(np.float64) * self._label_weights(bag.features, label)
        strength = np.zeros(space.n_words)
        is_word = bag.features < space.n_words
        strength[bag.features[is_word]] += weights[is_word]
        pairs = space.pairs[bag.features[~is_word] - space.n_words]
        for words in (pairs >> 32, pairs & 0xFFFFFFFF):
            np.add.at(strength, words, weights[~is_word] / 2)
        strength[np.exp(1.0 - space.idf[: space.n_words]) > _COMMON_SHARE] = 0.0
        best = np.argsort(-strength, kind="stable")[:_OCCLUDED]
        telling = {space.words[place]: float(strength[place]) for place in best if strength[place] > 0}
        heaviest = max(telling.values(), default=1.0)
        return telling | {w: telling.get(w, 0.0) + heaviest for w in self._words_of_names(document, label)}

    def _label_weights(self, features: IntArray, label: int) -> FloatArray:
        """How much the linear sources make of each feature for the label, shape (n_features_given,)."""
        sources, tags = self.features.sources, self.features.tags
        found = _row_values(tags.texts, label, features)
        if label < sources.statistics.centroids.shape[0]:
            found = found + _row_values(sources.statistics.centroids, label, features)
        place = int(np.searchsorted(sources.ridge.labels, label))
        if place < len(sources.ridge.labels) and sources.ridge.labels[place] == label:
            found = found + np.asarray(sources.ridge.weights[features, place].todense()).ravel()
        return found

    def _words_of_names(self, document: Document, label: int) -> list[str]:
        spans = self.features.tags.names.where(document.text, label)
        found = [word for span in spans for word in tokenise(Text("", span.text), max_tokens=20).body]
        present = {*document.tokens.title, *document.tokens.body}
        return [word for word in dict.fromkeys(found) if word in present]


def _without(tokens: Tokens, words: set[str]) -> Tokens:
    return Tokens(
        tuple(token for token in tokens.title if token not in words),
        tuple(token for token in tokens.body if token not in words),
        tokens.truncated,
    )


def _row_values(matrix: sparse.csr_matrix, row: int, columns: IntArray) -> FloatArray:
    values = np.zeros(matrix.shape[1], np.float32)
    start, end = matrix.indptr[row], matrix.indptr[row + 1]
    values[matrix.indices[start:end]] = matrix.data[start:end]
    found: FloatArray = values[columns]
    return found


def _reduced(matrix: sparse.csr_matrix, n_dimensions: int = 64) -> FloatArray:
    """Truncated singular value decomposition (Deerwester et al., 1990, latent semantic indexing)."""
    from scipy.sparse.linalg import svds

    n_dimensions = min(n_dimensions, *(size - 1 for size in matrix.shape))
    if n_dimensions < 1:
        return np.zeros((matrix.shape[0], 1), np.float32)
    left, strengths, _ = svds(matrix.astype(np.float32), k=n_dimensions, random_state=0)
    vectors: FloatArray = (left[:, ::-1] * strengths[::-1]).astype(np.float32)
    return vectors
