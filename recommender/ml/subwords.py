"""fastText's subword n-grams, so that serving can give a vector to a word never seen in training."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.ml.examples import FloatArray

_FNV_OFFSET = 2166136261
_FNV_PRIME = 16777619
_WORD_START, _WORD_END = "<", ">"


@dataclass(frozen=True)
class Subwords:
    """Lengths of n-grams in characters, and the vectors of their buckets, shape (n_buckets, dim)."""

    shortest: int
    longest: int
    vectors: NDArray[np.float16 | np.float32]

    @property
    def dim(self) -> int:
        return int(self.vectors.shape[1])

    def vector(self, word: str) -> FloatArray:
        """Mean of the n-gram vectors, as fastText's get_word_vector for an unknown word; zeros without any."""
        buckets = subword_buckets(word, self.shortest, self.longest, len(self.vectors))
        if not buckets:
            return np.zeros(self.dim, np.float32)
        mean: FloatArray = self.vectors[buckets].mean(axis=0, dtype=np.float32)
        return mean


def subword_buckets(word: str, shortest: int, longest: int, n_buckets: int) -> list[int]:
    """Buckets of the character n-grams of "<word>" in fastText's order (Bojanowski et al., TACL 2017)."""
    marked = _WORD_START + word + _WORD_END
    if n_buckets == 0:
        return []
    return [fnv1a(gram) % n_buckets for gram in _ngrams(marked, shortest, longest)]


def fnv1a(gram: str) -> int:
    """32-bit FNV-1a in which, as in fastText, every byte is widened as a signed one."""
    state = _FNV_OFFSET
    for byte in gram.encode():
        state ^= byte if byte < 0x80 else byte | 0xFFFFFF00
        state = (state * _FNV_PRIME) & 0xFFFFFFFF
    return state


def _ngrams(marked: str, shortest: int, longest: int) -> list[str]:
    size = len(marked)
    return [
        marked[start:end]
        for start in range(size)
        for end in range(start + shortest, min(start + longest, size) + 1)
        if end - start > 1 or 0 < start < size - 1
    ]
