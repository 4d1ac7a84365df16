"""Serves an exported transformer encoder: texts to vectors with onnxruntime and a WordPiece tokeniser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recommender.ml.examples import FloatArray, Text
from recommender.ml.text import cleaned, head_and_tail
from recommender.ml.transformer_wordpiece import WordPiece

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
        """Shape (n_texts, dim), rows of length one.

        One text at a time: 8-bit graphs scale activations by the largest of a batch, so that a text's vector would
        hang on its neighbours (cosines down to 0.97); on one core a batch is not quicker either.
        """
        vectors = np.empty((len(texts), self.dim), np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self._encoded(self.piece_ids(text))
        return vectors

    def piece_ids(self, text: Text) -> list[int]:
        """Ids of title and body between their special tokens; of a long text head and tail stay."""
        return framed_pieces(self._tokeniser, text, self._max_tokens)

    def _encoded(self, ids: Sequence[int]) -> FloatArray:
        padded, lengths = padded_ids([ids], self._tokeniser.padding)
        (vectors,) = self._session.run(None, {"ids": padded, "lengths": lengths})
        result: FloatArray = vectors[0]
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


def _session(graph: bytes, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
