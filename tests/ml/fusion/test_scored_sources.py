"""Columns of the pairs: the table of scored sources, and what a source of one's own fills."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recommender.ml import TrainedRanker
from recommender.ml.fusion.pair_table import Document
from recommender.ml.fusion.scored_sources import COLUMN, FEATURES, FEATURES_BY_PART, RANKS_OF_USE, SCORED, UNSEEN
from recommender.ml.fusion.scorer import FusionScorer
from recommender.ml.fusion.scores import Scores
from recommender.ml.tag_texts import TagText
from recommender.ml.text import tokenise
from tests.ml.fusion.newsroom import NAMES, examples

LABELS = np.array([2, 11], np.int64)


@dataclass(frozen=True)
class TwoLabels:
    """Scores two labels by the length of the text: the first grows, the second shrinks with it."""

    def scores(self, documents: Sequence[Document]) -> Mapping[str, Scores]:
        lengths = np.array([len(document.tokens.body) for document in documents], np.float32)
        return {"trees": Scores(np.stack([lengths, 100 - lengths], axis=1), LABELS)}

    def with_tags(self, tag_texts: Sequence[TagText]) -> "TwoLabels":
        return self


def test_every_column_stands_once_and_no_tag_without_documents_keeps_what_documents_told() -> None:
    told = {source.name for source in SCORED if source.unseen is not None}

    assert len(set(FEATURES)) == len(FEATURES)
    assert {name for part in FEATURES_BY_PART.values() for name in part} < set(FEATURES)
    assert {source.value for source in SCORED if source.name in told} < set(UNSEEN)
    assert "rank by the tag's text" not in RANKS_OF_USE
    assert told == {source.name for source in SCORED} - {"tag texts", "embedding tag texts", "towers"}


def test_a_further_source_brings_candidates_with_scores_and_ranks(fusion: TrainedRanker) -> None:
    scorer = fusion.ranker.scorer
    assert isinstance(scorer, FusionScorer)
    documents = [Document(e.text, tokenise(e.text, max_tokens=2000)) for e in examples()[:5]]

    table = replace(scorer.features, readers=(TwoLabels(),)).table(documents)

    values, ranks = table.features[:, COLUMN["label trees"]], table.features[:, COLUMN["rank by label trees"]]
    first, second = table.labels == LABELS[0], table.labels == LABELS[1]
    lengths = np.array([len(document.tokens.body) for document in documents])
    assert table.rows[first].tolist() == table.rows[second].tolist() == list(range(5))
    assert values[first].tolist() == lengths.tolist()
    assert values[second].tolist() == (100 - lengths).tolist()
    assert (ranks[first] < ranks[second]).tolist() == (lengths > 50).tolist()
    assert np.isnan(values[~first & ~second]).all()
    assert len(table.labels) < 5 * len(NAMES)
