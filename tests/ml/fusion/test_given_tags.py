"""What one tag says of the others is learnt from dev, too, where nothing is cross-fitted."""

from dataclasses import replace

import numpy as np

from recommender.ml import Example, LabelSpace, Text, train_ranker
from recommender.ml.fusion.learnt_pairs import GivenTags, LearntPairs
from recommender.ml.fusion.pair_table import PairTable
from recommender.ml.tag_texts import TagText
from tests.ml.conftest import silent
from tests.ml.fusion.conftest import QUICK

PARTNERS = {"ale": "oak", "bay": "pine", "cod": "elm"}  # of each pair no text says which tree goes with it
NAMES = (*PARTNERS, *PARTNERS.values())


def drawn(n: int, seed: int) -> list[Example]:
    """Texts that say nothing of their tags: one of three pairs of tags, always together."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n):
        words = " ".join(f"word{word}" for word in rng.integers(0, 40, 12))
        pair = int(rng.integers(0, len(PARTNERS)))
        rows.append(Example(Text("News", words), (pair, pair + len(PARTNERS)), f"{seed}-{number}"))
    return rows


def test_the_tag_that_goes_with_the_given_one_comes_first_without_crossfitting() -> None:
    trained = train_ranker(
        "fusion",
        train=drawn(240, seed=0),
        dev=drawn(120, seed=1),
        label_space=LabelSpace(NAMES),
        config=replace(QUICK, crossfit_folds=0),
        seed=1,
        tag_texts=[TagText(name) for name in NAMES],
        on_progress=silent,
    )
    later = drawn(40, seed=2)

    rankings = trained.ranker.rank([each.text for each in later], limit=1, chosen=[each.labels[:1] for each in later])

    assert np.mean([ranking.labels[0] == each.labels[1] for ranking, each in zip(rankings, later, strict=True)]) > 0.9


def test_only_texts_with_a_given_tag_are_counted_among_places_of_dev() -> None:
    table = PairTable(2, np.array([0, 0, 1]), np.array([3, 4, 5]), np.zeros((3, 1), np.float32))
    pairs = LearntPairs(table, np.array([True, False, True]), np.ones(3, np.float32), np.array([1, 1]))

    some = GivenTags(np.array([2, 7]), pairs).of_texts(np.array([0, 1, 7]))

    assert (some.table.labels.tolist(), some.hits.tolist(), some.n_gold.tolist()) == ([5], [True], [1])
