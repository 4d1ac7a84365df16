"""A classifier a tag, and what happens where there are too many tags for that."""

from dataclasses import replace

import numpy as np

from recommender.ml.affordable import affordable_labels
from recommender.ml.configs import LogisticConfig
from recommender.ml.examples import Example, LabelSpace, Text
from recommender.ml.training import train_ranker
from tests.ml.conftest import quick_config, silent


def test_the_most_used_labels_come_first_and_unused_ones_never() -> None:
    counts = np.array([3, 0, 9, 3, 1])

    within = {cells: affordable_labels(counts, 10, cells).tolist() for cells in (0, 10, 29, 30, 1_000)}

    assert within == {0: [2], 10: [2], 29: [0, 2], 30: [0, 2, 3], 1_000: [0, 2, 3, 4]}


def _examples() -> list[Example]:
    """Nine documents on rockets, three on roses and three on trains."""
    topics = [("rocket orbit", 0)] * 9 + [("rose compost", 1)] * 3 + [("train rails", 2)] * 3
    return [Example(Text("", f"{words} word{n}"), (label,), f"d{n}") for n, (words, label) in enumerate(topics)]


def test_tags_beyond_the_limit_are_ranked_by_use_alone() -> None:
    config: LogisticConfig = replace(quick_config("tfidf-logreg"), max_cells=15)
    examples, texts = _examples(), [Text("", "rose compost"), Text("", "train rails")]

    trained = train_ranker(
        "tfidf-logreg",
        train=examples,
        dev=examples,
        label_space=LabelSpace(("space", "garden", "railway")),
        config=config,
        seed=1,
        on_progress=silent,
    )

    coefficients = trained.parts.tensors
    assert set(coefficients["labels"].tolist()) == {0}
    logits = trained.ranker.logits(texts)
    assert np.array_equal(logits[0, 1:], logits[1, 1:])
