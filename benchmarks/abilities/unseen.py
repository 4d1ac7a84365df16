"""Tags without a single example: how often their texts alone bring them to the documents that bear them."""

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

import numpy as np

from benchmarks.abilities.lessons import Opened, tag_texts
from recommender.ml import Ranker, Text, widened
from recommender.ml.examples import FloatArray
from recommender.ml.lexical import LexicalIndex, Matches
from recommender.ml.text import tokenise

_K = 10
_MAX_TOKENS = 2000
_BATCH = 1000
_TITLE_WEIGHT, _INSIDE_WEIGHT = 2.0, 0.2  # an occurrence in the title, and one inside a longer name
_LEAST_STRENGTH = 0.1

Ranked = list[list[str]]


def figures(known: Opened, later: Opened, hidden: Collection[str]) -> dict[str, float]:
    """R@10 of the hidden tags over the test documents that bear one, ranked among all tags.

    `known` was trained with their texts in the vocabulary; `later` was not, and they are added to it afterwards.
    """
    documents = [document for document in known.documents("test") if set(document.tags) & set(hidden)]
    texts = [document.text for document in documents]
    wanted = [set(document.tags) & set(hidden) for document in documents]
    systems = {
        "known": ranked(known.ranker, texts),
        "added": ranked(with_tags_added(later, known, hidden), texts),
        "lexical": ranked_by_names(known, texts),
    }
    about = {"hidden_tags": len(hidden), "hidden_documents": len(documents), "hidden_uses": sum(map(len, wanted))}
    recalls = {f"hidden_recall_at_10_{name}": mean_recall(found, wanted) for name, found in systems.items()}
    return {name: float(value) for name, value in about.items()} | recalls


def with_tags_added(later: Opened, known: Opened, hidden: Collection[str]) -> Ranker:
    """The ranker that has never met the hidden tags, with their texts."""
    space = later.label_space.extended(sorted(hidden))
    names = space.tag_ids[later.label_space.n_labels :]
    return widened(later.ranker, space, tag_texts(known.data, names))


def mean_recall(ranked_names: Sequence[Sequence[str]], wanted: Sequence[Collection[str]]) -> float:
    """Share of each document's wanted tags among its ranked ones, averaged; nan without a document."""
    shares = [len(set(names) & set(some)) / len(some) for names, some in zip(ranked_names, wanted, strict=True)]
    return float(np.mean(shares)) if shares else float("nan")


def ranked(ranker: Ranker, texts: Sequence[Text]) -> Ranked:
    """The ten best tags of each text."""
    names = ranker.label_space.tag_ids
    starts = range(0, len(texts), _BATCH)
    rankings = [each for start in starts for each in ranker.rank(texts[start : start + _BATCH], limit=_K)]
    return [[names[label] for label in ranking.labels] for ranking in rankings]


def ranked_by_names(opened: Opened, texts: Sequence[Text]) -> Ranked:
    """The ten best tags by their names in the text alone, fewer where fewer are found.

    A name counts by how often and how completely it stands there, its length, and how few training documents have it:
    of seven such scores the best on the dev parts of six sets.
    """
    names = opened.label_space.tag_ids
    index = LexicalIndex.build(tag_texts(opened.data, names))
    rarity = _rarity(index, [example.text for example in opened.examples("train")])
    return [
        [names[label] for label in best]
        for some in _batches(texts)
        for best in _best_labels(_matches(index, some), rarity, len(some))
    ]


def _rarity(index: LexicalIndex, texts: Sequence[Text]) -> FloatArray:
    """Inverse document frequency of each tag's names, shape (n_labels,)."""
    counts = np.zeros(index.n_labels)
    for some in _batches(texts):
        counts += np.bincount(_matches(index, some).labels, minlength=index.n_labels)
    return (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float32)


def _best_labels(found: Matches, rarity: FloatArray, n_texts: int) -> Iterator[list[int]]:
    """The best ten labels of each text, best first, ties to the lower label."""
    n_found = _TITLE_WEIGHT * found.n_in_title + found.n_in_body + _INSIDE_WEIGHT * found.n_inside
    strength = np.maximum(1 + np.log(np.maximum(n_found, _INSIDE_WEIGHT)), _LEAST_STRENGTH)
    scores = strength * found.share * found.longest * rarity[found.labels]
    order = np.lexsort((found.labels, -scores, found.documents))
    starts = np.searchsorted(found.documents[order], np.arange(n_texts + 1)).tolist()
    for start, end in pairwise(starts):
        yield found.labels[order[start : min(end, start + _K)]].tolist()


def _matches(index: LexicalIndex, texts: Sequence[Text]) -> Matches:
    return index.matches_of([tokenise(text, max_tokens=_MAX_TOKENS) for text in texts], texts)


def _batches(texts: Sequence[Text]) -> Iterator[Sequence[Text]]:
    return (texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH))
