"""What a version was trained on, in short: histograms of its texts, answers and tags, to compare later ones with."""

import json
import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from recommender.ml.errors import BundleCorrupt
from recommender.ml.examples import Example, Text
from recommender.ml.held_out import HeldOutPredictions
from recommender.ml.metrics import Doubles
from recommender.ml.text import tokenise

FORMAT_VERSION = 1
TOP_SUGGESTIONS = 5
"""So many of a document's first suggestions count as suggested."""

_MOST_TEXTS, _MOST_TOKENS = 5_000, 512
_MOST_KNOWN, _MOST_TOPIC_WORDS, _MOST_TOPICS = 30_000, 2_000, 30
_COMMON = 0.2
_UNKNOWN_EDGES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
_N_SCORE_BINS = 10
OTHER_TOPIC, NO_TOPIC = "…", "–"

Histogram = Mapping[str, int]


@dataclass(frozen=True)
class TextHistograms:
    """Documents by length (tokens, powers of two), language, share of unknown words, and most characteristic word."""

    length: Histogram
    language: Histogram
    unknown_words: Histogram
    topic: Histogram


@dataclass(frozen=True)
class Profile:
    """The reference of one version.

    Lengths, languages and tags are those of its documents; unknown words, topics, scores and suggestions those of its
    held-out documents, because on what a model has learnt every word is known. `known` are CRC-32 sums of words,
    `weights` inverse document frequencies of the words that can be a topic, `topics` the words that are bins.
    """

    n_documents: int
    known: Sequence[int]
    weights: Mapping[str, float]
    topics: Sequence[str]
    texts: TextHistograms
    score_edges: Sequence[float]
    scores: Histogram
    suggested: Histogram  # by tag id
    tags: Histogram  # by tag id

    def histograms(self, texts: Sequence[Text]) -> TextHistograms:
        """Other texts in the same bins."""
        return _text_histograms(texts, frozenset(self.known), self.weights, frozenset(self.topics), _words)

    def score_histogram(self, probabilities: Iterable[float]) -> Histogram:
        """Probabilities of first suggestions in the bins of the reference."""
        return _score_histogram(np.fromiter(probabilities, np.float64), self.score_edges)

    def save(self, path: Path) -> None:
        """As JSON."""
        about = {"format_version": FORMAT_VERSION, **asdict(self)}
        path.write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Profile":
        """Raises BundleCorrupt where the file cannot be read."""
        try:
            about = json.loads(path.read_text(encoding="utf-8"))
            if about.pop("format_version") != FORMAT_VERSION:
                raise ValueError(f"not of format {FORMAT_VERSION}")
            return cls(**about | {"texts": TextHistograms(**about["texts"])})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BundleCorrupt(f"{path} cannot be read ({error}); train a version anew") from error


def profile_of(
    *, train: Sequence[Example], held_out: Sequence[Example], tag_ids: Sequence[str], predictions: HeldOutPredictions
) -> Profile:
    """The reference from what a version was trained and measured on; at most 5,000 texts of each part are read."""
    words_of = _reader()
    words = [words_of(example.text) for example in _some(train)]
    frequencies = Counter(word for each in words for word in set(each))
    known = frozenset(_sum(word) for word, n in frequencies.most_common(_MOST_KNOWN) if n > 1)
    weights = _topic_weights(frequencies, len(words))
    topics = [topic for topic, _n in Counter(filter(None, (_topic(each, weights) for each in words))).most_common()]
    shown = frozenset(topics[:_MOST_TOPICS])
    every, unseen = (
        _text_histograms([example.text for example in _some(part)], known, weights, shown, words_of)
        for part in ([*train, *held_out], held_out)
    )
    first = _first_probabilities(predictions)
    edges = _score_edges(first)
    return Profile(
        n_documents=len(train) + len(held_out),
        known=sorted(known),
        weights=weights,
        topics=sorted(shown),
        texts=TextHistograms(every.length, every.language, unseen.unknown_words, unseen.topic),
        score_edges=edges,
        scores=_score_histogram(first, edges),
        suggested=_suggested(predictions),
        tags=dict(Counter(tag_ids[label] for example in (*train, *held_out) for label in example.labels)),
    )


def _some(examples: Sequence[Example]) -> Sequence[Example]:
    """Evenly over the whole, which is in order of time."""
    step = max(math.ceil(len(examples) / _MOST_TEXTS), 1)
    return examples[::step]


def _words(text: Text) -> tuple[str, ...]:
    tokens = tokenise(text, max_tokens=_MOST_TOKENS)
    return tokens.title + tokens.body


def _reader() -> Callable[[Text], tuple[str, ...]]:
    """`_words` that reads a text once, however often it is asked."""
    read: dict[int, tuple[str, ...]] = {}

    def words_of(text: Text) -> tuple[str, ...]:
        if id(text) not in read:
            read[id(text)] = _words(text)
        return read[id(text)]

    return words_of


def _sum(word: str) -> int:
    return zlib.crc32(word.encode("utf-8", "surrogatepass"))


def _topic_weights(frequencies: Counter[str], n_texts: int) -> dict[str, float]:
    """Frequent words that do not stand in every fifth text, and are longer than a letter."""
    among = ((word, n) for word, n in frequencies.most_common() if 1 < n <= max(_COMMON * n_texts, 2) and len(word) > 1)
    return {word: math.log(n_texts / n) for word, n in list(among)[:_MOST_TOPIC_WORDS]}


def _topic(words: Sequence[str], weights: Mapping[str, float]) -> str | None:
    """The word of the highest TF-IDF weight among those that can be a topic."""
    counts = Counter(word for word in words if word in weights)
    return max(counts, key=lambda word: (counts[word] * weights[word], word), default=None)


def _text_histograms(
    texts: Sequence[Text],
    known: frozenset[int],
    weights: Mapping[str, float],
    topics: frozenset[str],
    words_of: Callable[[Text], tuple[str, ...]],
) -> TextHistograms:
    lengths, languages, unknown, of_topic = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for text in texts:
        words = words_of(text)
        lengths[_length_bin(len(words))] += 1
        languages[text.language or "?"] += 1
        if words:
            share = sum(_sum(word) not in known for word in words) / len(words)
            unknown[_edge_bin(share, _UNKNOWN_EDGES)] += 1
        topic = _topic(words, weights)
        of_topic[NO_TOPIC if topic is None else topic if topic in topics else OTHER_TOPIC] += 1
    return TextHistograms(dict(lengths), dict(languages), dict(unknown), dict(of_topic))


def _length_bin(n_tokens: int) -> str:
    """`0`, `1`, `2–3`, `4–7`, …"""
    if n_tokens < 2:
        return str(n_tokens)
    low = 1 << (n_tokens.bit_length() - 1)
    return f"{low}–{2 * low - 1}"


def _edge_bin(value: float, edges: Sequence[float]) -> str:
    """`< 0.05`, `0.05–0.1`, `≥ 0.5`."""
    place = int(np.searchsorted(np.asarray(edges), value, side="right"))
    if place == 0:
        return f"< {edges[0]:g}"
    return f"≥ {edges[-1]:g}" if place == len(edges) else f"{edges[place - 1]:g}–{edges[place]:g}"


def _first_probabilities(predictions: HeldOutPredictions) -> Doubles:
    """The highest probability of each held-out document that has any, shape (n_documents,)."""
    return np.array(
        [
            predictions.probabilities[start:end].max()
            for start, end in zip(predictions.offsets[:-1], predictions.offsets[1:], strict=True)
            if end > start
        ],
        np.float64,
    )


def _score_edges(first: Doubles) -> list[float]:
    """Deciles, so that each bin holds as many documents; fewer where probabilities repeat."""
    if not len(first):
        return [0.5]
    deciles = np.quantile(first, np.arange(1, _N_SCORE_BINS) / _N_SCORE_BINS)
    return sorted({round(float(each), 3) for each in deciles})


def _score_histogram(probabilities: Doubles, edges: Sequence[float]) -> dict[str, int]:
    return dict(Counter(_edge_bin(float(each), edges) for each in probabilities))


def _suggested(predictions: HeldOutPredictions) -> dict[str, int]:
    """How often each tag stands among a held-out document's first suggestions."""
    counts: Counter[str] = Counter()
    for start, end in zip(predictions.offsets[:-1], predictions.offsets[1:], strict=True):
        best = np.argsort(-predictions.probabilities[start:end], kind="stable")[:TOP_SUGGESTIONS]
        counts.update(predictions.label_space.tag_ids[label] for label in predictions.labels[start:end][best])
    return dict(counts)
