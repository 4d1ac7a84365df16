"""What the vocabulary itself says: names of tags found in a text, and tag texts that are like it.

Nothing here needs a document, so a tag that was added yesterday is as good as any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from recommender.ml.examples import Text
from recommender.ml.features import FeatureSpace
from recommender.ml.fusion.sparse_rows import Csr, rows_of_bags
from recommender.ml.lexical import LexicalIndex
from recommender.ml.tag_texts import TagText, as_tokens
from recommender.ml.text import Tokens

_BATCH = 1024


@dataclass(frozen=True)
class TagSide:
    """Names and texts of the tags in label order."""

    names: LexicalIndex
    texts: Csr  # (n_labels, n_features), L2-normalised TF-IDF of each tag's own text

    @property
    def n_labels(self) -> int:
        return int(self.texts.shape[0])

    def named_in(self, documents: Sequence[Tokens], texts: Sequence[Text]) -> Csr:
        """1 for each tag with a name in a text, shape (n_documents, n_labels)."""
        found = [
            self.names.matches_of(documents[start : start + _BATCH], texts[start : start + _BATCH])
            for start in range(0, len(documents), _BATCH)
        ]
        rows = [np.empty(0, np.int64), *(each.documents + number * _BATCH for number, each in enumerate(found))]
        labels = [np.empty(0, np.int64), *(each.labels for each in found)]
        cells = (np.concatenate(rows), np.concatenate(labels))
        return sparse.csr_matrix((np.ones(len(cells[0]), np.float32), cells), (len(documents), self.n_labels))

    @cached_property
    def texts_by_feature(self) -> Csr:
        return self.texts.T.tocsr()


def tag_side(tag_texts: Sequence[TagText], space: FeatureSpace) -> TagSide:
    """In the feature space of the documents; words that no document has are left out."""
    texts = rows_of_bags([space.tf_idf_bag(as_tokens(each)) for each in tag_texts], space.n_features)
    return TagSide(LexicalIndex.build(tag_texts), texts)
