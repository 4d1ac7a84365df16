"""Text for the peers: Chinese is cut into words by jieba; everything else is theirs."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.compare.documents import Document

WORDS = r"(?u)\b\w+\b"


def segmented(document: Document) -> str:
    """The text with spaces between words."""
    if document.language != "zh":
        return document.text
    import rjieba

    return " ".join(rjieba.cut(document.text))


def words(document: Document) -> list[str]:
    """Lower-case words without punctuation."""
    return re.findall(WORDS, segmented(document).lower())


def tfidf_vectoriser(*, pairs: bool) -> Any:
    """Words, or words and the word pairs of two or more documents: sublinear, at most 300,000, rows of length 1."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        ngram_range=(1, 2 if pairs else 1),
        min_df=2 if pairs else 1,
        sublinear_tf=True,
        max_features=300_000,
        token_pattern=WORDS,
        dtype=np.float32,
    )


def texts(documents: Iterable[Document]) -> list[str]:
    return [segmented(document) for document in documents]


def label_matrix(documents: Sequence[Document], tags: Sequence[str]) -> Any:
    """Sparse 0/1 matrix of shape (n_documents, n_tags)."""
    import numpy as np
    from scipy.sparse import csr_matrix

    label_of = {tag: label for label, tag in enumerate(tags)}
    columns = [[label_of[tag] for tag in document.tags] for document in documents]
    flat = np.array([label for row in columns for label in row], np.int32)
    starts = np.cumsum([0, *(len(row) for row in columns)])
    return csr_matrix((np.ones(len(flat), np.float32), flat, starts), shape=(len(documents), len(tags)))
