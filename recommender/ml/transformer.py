"""Serves an exported transformer encoder: texts to vectors with onnxruntime and a WordPiece tokeniser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recommender.ml.examples import FloatArray, Text
from recommender.ml.text import cleaned, head_and_tail
from recommender.ml.transformer_wordpiece import WordPiece

_BATCH_PIECES = 4096  # memory of a batch grows with its pieces, so long texts go in smaller batches
_CHARACTERS_A_PIECE = 8  # a generous bound, so that a text of megabytes is cut before it is split


@dataclass(frozen=True)
class EncoderParts:
    """What a bundle keeps of an encoder: the ONNX graph, the vocabulary in order of ids, settings."""

    graph: bytes
    words: tuple[str, ...]
    settings: Mapping[str, Any]  # max_tokens, dim


class TextEncoder:
    """Dense vectors of texts; safe to call from several threads."""

    def __init__(self, parts: EncoderParts, *, threads: int = 1) -> None:
        self._tokeniser = WordPiece(parts.words)
        self._max_tokens = int(parts.settings["max_tokens"])
        self._session = _session(parts.graph, threads)
        self.dim = int(parts.settings["dim"])

    def encode(self, texts: Sequence[Text]) -> FloatArray:
        """Shape (n_texts, dim), rows of length one."""
        ids = [self.piece_ids(text) for text in texts]
        vectors = np.empty((len(texts), self.dim), np.float32)
        for rows in batches_by_length([len(each) for each in ids]):
            vectors[rows] = self._encoded([ids[row] for row in rows])
        return vectors

    def piece_ids(self, text: Text) -> list[int]:
        """Ids of title and body between their special tokens; of a long text head and tail stay."""
        return framed_pieces(self._tokeniser, text, self._max_tokens)

    def _encoded(self, ids: Sequence[Sequence[int]]) -> FloatArray:
        padded, lengths = padded_ids(ids, self._tokeniser.padding)
        (vectors,) = self._session.run(None, {"ids": padded, "lengths": lengths})
        result: FloatArray = vectors
        return result


def framed_pieces(tokeniser: WordPiece, text: Text, max_tokens: int) -> list[int]:
    """At most `max_tokens` ids, special tokens included."""
    longest = max_tokens * _CHARACTERS_A_PIECE
    title, body = (cleaned(_cut(raw, longest)) for raw in (text.title, text.body))
    ids = tokeniser.ids(f"{title}. {body}" if title and body else title or body)
    return tokeniser.framed(head_and_tail(tuple(ids), max_tokens - 2))


def _cut(raw: str, limit: int) -> str:
    return raw if len(raw) <= limit else f"{raw[: limit * 3 // 4]}\n{raw[-(limit // 4) :]}"


def padded_ids(ids: Sequence[Sequence[int]], padding: int) -> tuple[np.ndarray, np.ndarray]:
    """Ids (n, longest) int64 and their true lengths (n,) int32."""
    lengths = np.array([len(each) for each in ids], np.int32)
    padded = np.full((len(ids), int(lengths.max())), padding, np.int64)
    for row, each in enumerate(ids):
        padded[row, : len(each)] = each
    return padded, lengths


def batches_by_length(lengths: Sequence[int]) -> list[np.ndarray]:
    """Rows of texts of similar length together, so that little is spent on padding."""
    order = np.argsort(np.asarray(lengths, np.int64), kind="stable")
    batches: list[list[int]] = [[]]
    for row in order.tolist():
        if (len(batches[-1]) + 1) * lengths[row] > _BATCH_PIECES and batches[-1]:
            batches.append([])
        batches[-1].append(row)
    return [np.array(batch, np.int64) for batch in batches if batch]


def _session(graph: bytes, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
