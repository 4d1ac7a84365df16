"""Whether the words of an explanation carry the score: without them it falls more than without other words."""

import re
from collections.abc import Collection, Iterator

import numpy as np

from benchmarks.abilities.lessons import Opened
from recommender.ml import Ranker, Text
from recommender.ml.spans import located
from recommender.ml.text import tokenise

_N_CASES, _N_WORDS, _FEWEST_WORDS = 200, 3, 8
_MAX_TOKENS = 2000
_CHINESE = re.compile(r"[\u3400-\u9fff]")


def figures(opened: Opened, seed: int) -> dict[str, float]:
    """Share of the cases in which the three words count more than three others; equal falls are failures.

    A case is a test document with at least eight different words whose best tag is right.
    """
    rng = np.random.default_rng(seed)
    falls = np.array([_falls(opened.ranker, text, label, rng) for text, label in _cases(opened, rng)]).reshape(-1, 3)
    if not len(falls):
        return {"deletion_cases": 0.0}
    by_explained, by_others, n_explained = falls.T
    return {
        "deletion_cases": float(len(falls)),
        "deletion_share": float((by_explained > by_others).mean()),
        "deletion_ties": float((by_explained == by_others).mean()),
        "deletion_without_words": float((n_explained == 0).mean()),
        "deletion_fall": float(by_explained.mean()),
        "deletion_fall_of_others": float(by_others.mean()),
    }


def different_words(text: Text) -> list[str]:
    """Words that can be found again in the raw text, sorted."""
    tokens = tokenise(text, max_tokens=_MAX_TOKENS)
    return sorted(word for word in {*tokens.title, *tokens.body} if located(text, word, 0.0) is not None)


def without_words(text: Text, words: Collection[str]) -> Text:
    """A space in the place of each occurrence, whatever its case."""
    title, body = (_without(raw, words) for raw in (text.title, text.body))
    return Text(title, body, text.language)


def _cases(opened: Opened, rng: np.random.Generator) -> Iterator[tuple[Text, int]]:
    """At most 200, documents in an order by chance."""
    documents, label_of = opened.documents("test"), opened.label_space.label_by_tag_id
    n_found = 0
    for place in rng.permutation(len(documents)).tolist():
        document = documents[place]
        (ranking,) = opened.ranker.rank([document.text], limit=1)
        best = int(ranking.labels[0])
        is_right = best in {label_of.get(tag) for tag in document.tags}
        if is_right and len(different_words(document.text)) >= _FEWEST_WORDS:
            yield document.text, best
            n_found += 1
        if n_found == _N_CASES:
            return


def _falls(ranker: Ranker, text: Text, label: int, rng: np.random.Generator) -> tuple[float, float, float]:
    """By how much the logit falls without the explaining words, without three others, and how many explain."""
    explained = {evidence.text.lower() for evidence in ranker.explain(text, label, limit=_N_WORDS)}
    others = [word for word in different_words(text) if word not in explained]
    drawn = {str(word) for word in rng.choice(others, min(_N_WORDS, len(others)), replace=False)}
    logits = ranker.logits([text, without_words(text, explained), without_words(text, drawn)])[:, label]
    return float(logits[0] - logits[1]), float(logits[0] - logits[2]), float(len(explained))


def _without(raw: str, words: Collection[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        raw = re.sub(_anywhere(word), " ", raw, flags=re.IGNORECASE)
    return raw


def _anywhere(word: str) -> str:
    """As a word of its own, but for Chinese, which writes without spaces."""
    return re.escape(word) if _CHINESE.search(word) else rf"(?<!\w){re.escape(word)}(?!\w)"
