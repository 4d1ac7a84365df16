"""Names of tags that stand in a batch of texts, as columns of the pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.examples import FloatArray, IntArray, Text
from recommender.ml.fusion.scored_sources import COLUMN
from recommender.ml.fusion.sparse_rows import ranks_within
from recommender.ml.lexical import LexicalIndex
from recommender.ml.text import Tokens

_NOWHERE = 2.0  # place of a name that does not stand in the text; places are 0 to 1
_MOST_CANDIDATES = 40


@dataclass(frozen=True)
class FoundNames:
    """One entry a (text, label), in ascending order of `keys` = row * n_labels + label."""

    keys: IntArray
    in_title: FloatArray
    in_body: FloatArray
    inside: FloatArray
    longest: FloatArray
    first: FloatArray
    preferred: FloatArray
    share: FloatArray
    rows: IntArray
    labels: IntArray
    n_found: FloatArray  # (n_texts,)

    def strongest(self) -> IntArray:
        """Keys of each text's candidates by name."""
        strength = self.in_title * 3.0 + self.in_body + self.longest
        return self.keys[ranks_within(self.rows, strength.astype(np.float32)) < _MOST_CANDIDATES]

    def fill(self, features: FloatArray, keys: IntArray, rows: IntArray) -> None:
        """Fill the columns of pairs given by their keys and texts."""
        places = np.searchsorted(self.keys, keys)
        found = (
            np.flatnonzero(self.keys[np.minimum(places, len(self.keys) - 1)] == keys) if len(self.keys) else places[:0]
        )
        places = places[found]
        for column, values, missing in (
            ("names in title", self.in_title, 0.0),
            ("names in body", self.in_body, 0.0),
            ("names inside longer names", self.inside, 0.0),
            ("words of the longest name", self.longest, 0.0),
            ("first place of a name", self.first, _NOWHERE),
            ("preferred label found", self.preferred, 0.0),
            ("share of the name found", self.share, 0.0),
        ):
            features[:, COLUMN[column]] = missing
            features[found, COLUMN[column]] = values[places]
        features[:, COLUMN["names found in the text"]] = self.n_found[rows]


def find_names(index: LexicalIndex, tokens: Sequence[Tokens], texts: Sequence[Text], n_labels: int) -> FoundNames:
    """Look the names of all tags up in texts, given raw and as tokens."""
    found = index.matches_of(tokens, texts)
    rows, labels = found.documents.astype(np.int64), found.labels.astype(np.int64)
    keys = rows * n_labels + labels
    order = np.argsort(keys, kind="stable")

    def sorted_floats(values: NDArray[Any]) -> FloatArray:
        return values.astype(np.float32)[order]

    return FoundNames(
        keys[order],
        in_title=sorted_floats(found.n_in_title),
        in_body=sorted_floats(found.n_in_body),
        inside=sorted_floats(found.n_inside),
        longest=sorted_floats(found.longest),
        first=sorted_floats(found.first),
        preferred=sorted_floats(found.is_preferred_label),
        share=sorted_floats(found.share),
        rows=rows[order],
        labels=labels[order],
        n_found=np.bincount(rows, minlength=len(texts)).astype(np.float32),
    )
