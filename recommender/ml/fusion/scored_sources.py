"""The columns of a pair: one table of the sources that score labels, one of what else is known of a pair.

A further source that scores labels is one entry of `SCORED`, and a `Reader` (scores.py) whose scores bear its name.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_UNKNOWN = float("nan")


@dataclass(frozen=True)
class Feature:
    """A column; `part` is what goes with it when an ablation leaves it out.

    `unseen` is its value for a tag that no document has borne, None where that needs no document.
    """

    name: str
    part: str | None = None
    unseen: float | None = None


@dataclass(frozen=True)
class ScoredSource:
    """A source that gives (text, label) a score, the columns it fills, and how many labels a text takes from it.

    `value` is the column of the score, `rank` that of its place among the text's candidates, `distance_to_best` and
    `best_of_text` those of the highest score and what is missing to it. `unseen` is as in `Feature`.
    """

    name: str
    part: str
    value: str
    rank: str | None = None
    distance_to_best: str | None = None
    best_of_text: str | None = None
    n_candidates: int = 0
    unseen: float | None = 0.0


SCORED = (
    ScoredSource(
        "linear",
        "linear",
        "linear score",
        "linear rank",
        "linear distance to best",
        "best linear score of the text",
        n_candidates=40,
        unseen=_UNKNOWN,
    ),
    ScoredSource("votes", "neighbours", "neighbours' vote", "rank by neighbours", n_candidates=20),
    ScoredSource("closest", "neighbours", "closest neighbours' vote"),
    ScoredSource("recent", "neighbours", "recent neighbours' vote"),
    ScoredSource("local", "local regression", "local regression", "rank by local regression", n_candidates=30),
    ScoredSource(
        "centroids", "centroids", "similarity to the tag's documents", "rank by the tag's documents", n_candidates=15
    ),
    ScoredSource("trees", "label trees", "label trees", "rank by label trees", n_candidates=30),
    ScoredSource(
        "network",
        "network",
        "network logit",
        "network rank",
        "network distance to best",
        "best network logit of the text",
        n_candidates=20,
        unseen=_UNKNOWN,
    ),
    ScoredSource(
        "tag texts",
        "tag texts",
        "similarity to the tag's text",
        "rank by the tag's text",
        n_candidates=10,
        unseen=None,
    ),
    ScoredSource(
        "embedding regression",
        "encoder",
        "regression on the embedding",
        "rank by regression on the embedding",
        n_candidates=20,
        unseen=_UNKNOWN,
    ),
    ScoredSource(
        "embedding votes", "encoder", "vote of nearest embeddings", "rank by nearest embeddings", n_candidates=15
    ),
    ScoredSource(
        "embedding tag texts",
        "encoder",
        "embedding's similarity to the tag's text",
        "rank by the embedding of the tag's text",
        n_candidates=10,
        unseen=None,
    ),
    ScoredSource(
        "towers",
        "two towers",
        "similarity in the two towers",
        "rank by the two towers",
        n_candidates=10,
        unseen=None,
    ),
)
SCORED_BY_NAME = {source.name: source for source in SCORED}
_BY_NAMES = (
    Feature("names in title", "names"),
    Feature("names in body", "names"),
    Feature("names inside longer names", "names"),
    Feature("words of the longest name", "names"),
    Feature("first place of a name", "names"),
    Feature("preferred label found", "names"),
    Feature("share of the name found", "names"),
    Feature("documents that name the tag", "names"),
    Feature("share of them that bear it", "names", _UNKNOWN),
)
_OF_TAGS = (
    Feature("documents of the tag", "popularity", 0.0),
    Feature("share of newest documents", "recency", 0.0),
    Feature("share of newer documents", "recency", 0.0),
    Feature("time since last use", "recency", 1.0),
    Feature("goes with the surest tags", "companions", 0.0),
)
_OF_TEXTS = (
    *(Feature(source.best_of_text, source.part) for source in SCORED if source.best_of_text is not None),
    Feature("length of the text"),
    Feature("similarity of nearest document", "neighbours"),
    Feature("similarity of fifth document", "neighbours"),
    Feature("names found in the text", "names"),
)


def _columns(sources: Sequence[ScoredSource]) -> Iterator[Feature]:
    """Those of the pair, part by part: scores, then ranks, then distances."""
    for part in dict.fromkeys(source.part for source in sources):
        mine = [source for source in sources if source.part == part]
        yield from (Feature(each.value, part, each.unseen) for each in mine)
        yield from (Feature(each.rank, part) for each in mine if each.rank)
        yield from (Feature(each.distance_to_best, part, _UNKNOWN) for each in mine if each.distance_to_best)


_ALL = (
    *_columns([source for source in SCORED if source.unseen is not None]),
    *_BY_NAMES,
    *_columns([source for source in SCORED if source.unseen is None]),
    *_OF_TAGS,
    *_OF_TEXTS,
)
FEATURES = tuple(feature.name for feature in _ALL)
COLUMN = {name: place for place, name in enumerate(FEATURES)}
FEATURES_BY_PART = {
    part: tuple(feature.name for feature in _ALL if feature.part == part)
    for part in dict.fromkeys(feature.part for feature in _ALL)
    if part is not None
}
UNSEEN = {feature.name: feature.unseen for feature in _ALL if feature.unseen is not None}
RANKS_OF_USE = tuple(source.rank for source in SCORED if source.rank is not None and source.unseen is not None)
