"""What one tag says of the others: counted on documents, weighed on dev, added to what the text says."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from recommender.ml import Example, LabelSpace, Text, TrainedRanker, train_ranker
from recommender.ml.errors import BundleVersionUnsupported
from recommender.ml.examples import FloatArray
from recommender.ml.fusion import neighbours
from recommender.ml.fusion.given_tags import GivenTags, RankedTexts, fit_given_tags, lifts
from recommender.ml.fusion.learnt_pairs import LearntPairs
from recommender.ml.fusion.neighbours import DocumentIndex
from recommender.ml.fusion.pair_table import PairTable
from recommender.ml.fusion.scorer import FusionScorer
from recommender.ml.tag_texts import TagText
from tests.ml.conftest import silent
from tests.ml.fusion.conftest import QUICK

PARTNERS = {"ale": "oak", "bay": "pine", "cod": "elm"}  # of each pair no text says which tree goes with it
NAMES = (*PARTNERS, *PARTNERS.values())
N_DOCUMENTS = 40


def drawn(n: int, seed: int) -> list[Example]:
    """Texts that say nothing of their tags: one of three pairs of tags, always together."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n):
        words = " ".join(f"word{word}" for word in rng.integers(0, 40, 12))
        pair = int(rng.integers(0, len(PARTNERS)))
        rows.append(Example(Text("News", words), (pair, pair + len(PARTNERS)), f"{seed}-{number}"))
    return rows


@pytest.fixture(scope="module")
def trained() -> TrainedRanker:
    return train_ranker(
        "fusion",
        train=drawn(240, seed=0),
        dev=drawn(120, seed=1),
        label_space=LabelSpace(NAMES),
        config=replace(QUICK, crossfit_folds=0),
        seed=1,
        tag_texts=[TagText(name) for name in NAMES],
        on_progress=silent,
    )


def index_of(tags: list[tuple[int, ...]], texts: FloatArray, n_labels: int) -> DocumentIndex:
    gold = np.zeros((len(tags), n_labels), np.float32)
    for row, labels in enumerate(tags):
        gold[row, list(labels)] = 1
    normalised = texts / np.linalg.norm(texts, axis=1, keepdims=True)
    return DocumentIndex(sparse.csr_matrix(normalised), sparse.csr_matrix(gold), np.zeros(len(tags), np.float32))


def two_kinds() -> DocumentIndex:
    """Label 0 goes with 1 in texts of the first word and with 2 in those of the second; 3 is everywhere; 4 unused."""
    tags, texts = [], []
    for number in range(N_DOCUMENTS):
        first = number % 2 == 0
        is_borne = number % 4 < 2
        tags.append((*((0, 1 if first else 2) if is_borne else ()), 3))
        texts.append([1.0, 0.1] if first else [0.1, 1.0])
    return index_of(tags, np.array(texts, np.float32), 5)


def lifts_of(index: DocumentIndex, word: int, *given: int, labels: tuple[int, ...] = (1, 2, 3, 4, 9)) -> FloatArray:
    text = sparse.csr_matrix(np.eye(2, dtype=np.float32)[[word]])
    wanted = np.array(labels)
    return lifts(index, text, np.zeros(len(wanted), np.int64), wanted, [given])


def test_a_lift_is_how_much_oftener_tags_go_together_than_by_chance() -> None:
    index = two_kinds()

    found = lifts_of(index, 0, 0)[:, 0]

    # 20 documents bear label 0 and 10 of them label 1; 10 of all 40 do, so that 5 were to be expected; one more on both
    assert found[:3] == pytest.approx([np.log(11 / 6), np.log(11 / 6), 0.0], abs=1e-5)


def test_similar_documents_tell_which_of_two_companions_is_meant() -> None:
    index = two_kinds()

    of_first, of_second = lifts_of(index, 0, 0)[:, 1], lifts_of(index, 1, 0)[:, 1]

    assert of_first[0] > 0.3
    assert of_second[1] > 0.3
    assert of_first[0] > of_first[1] + 0.2
    assert of_second[1] > of_second[0] + 0.2


def test_nothing_is_said_of_tags_without_a_document_nor_by_them() -> None:
    index = two_kinds()

    assert lifts_of(index, 0, 0)[3:].tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert not lifts_of(index, 0, 7).any()
    assert not lifts_of(index, 0).any()


def test_texts_keep_their_own_given_tags_in_a_batch() -> None:
    index = two_kinds()
    features = sparse.csr_matrix(np.eye(2, dtype=np.float32))
    rows, labels = np.array([0, 0, 1, 1]), np.array([1, 2, 1, 2])

    together = lifts(index, features, rows, labels, [(), (0,)])

    assert not together[:2].any()
    assert together[2:] == pytest.approx(lifts_of(index, 1, 0, labels=(1, 2)))


def test_two_given_tags_that_say_the_same_count_less_than_twice() -> None:
    index = index_of([(0, 1, 2)] * 10 + [()] * 30, np.ones((40, 1), np.float32), 3)
    features, rows, labels = sparse.csr_matrix(np.ones((1, 1), np.float32)), np.zeros(1, np.int64), np.array([2])

    one = lifts(index, features, rows, labels, [(0,)])[0, 0]
    two = lifts(index, features, rows, labels, [(0, 1)])[0, 0]

    assert two == pytest.approx(one * np.sqrt(2), rel=1e-5)


def ranked_texts(index: DocumentIndex, n: int, seed: int, *, follows: bool) -> RankedTexts:
    """Texts with label 3 and one of 1 and 2, drawn from what goes together in the index, or against it."""
    rng = np.random.default_rng(seed)
    first = rng.random(n) < 0.5
    gold = np.zeros((n, 5), np.float32)
    gold[np.arange(n), np.where(first == follows, 1, 2)] = 1
    gold[:, 0] = 1
    table = PairTable(n, np.repeat(np.arange(n), 2), np.tile([1, 2], n), np.zeros((2 * n, 1), np.float32))
    hits = gold[table.rows, table.labels] > 0
    pairs = LearntPairs(table, hits, np.ones(2 * n, np.float32), np.full(n, 2))
    texts = np.where(first[:, None], [1.0, 0.1], [0.1, 1.0]).astype(np.float32)
    logits = rng.normal(0.0, 0.1, 2 * n).astype(np.float32) + hits
    return RankedTexts(sparse.csr_matrix(texts), sparse.csr_matrix(gold), pairs, logits)


def test_dev_says_how_much_of_the_lifts_is_left() -> None:
    index = two_kinds()

    learnt = fit_given_tags(index, ranked_texts(index, 400, 3, follows=True), seed=1)
    refuted = fit_given_tags(index, ranked_texts(index, 400, 3, follows=False), seed=1)

    assert learnt.nearby > 0.1
    assert refuted.nearby == 0.0
    assert min(learnt.together, refuted.together) >= 0.0


def test_the_usual_weights_stand_where_dev_is_too_small_or_has_one_tag_a_text() -> None:
    index = two_kinds()
    few = ranked_texts(index, 20, 3, follows=True)
    single = replace(few, gold=sparse.csr_matrix(np.eye(5, dtype=np.float32)[np.ones(20, np.int64)]))

    assert fit_given_tags(index, few, seed=1) == GivenTags()
    assert fit_given_tags(index, single, seed=1) == GivenTags()


def test_the_tag_that_goes_with_the_given_one_comes_first(trained: TrainedRanker) -> None:
    later = drawn(40, seed=2)

    rankings = trained.ranker.rank([each.text for each in later], limit=1, chosen=[each.labels[:1] for each in later])

    assert np.mean([ranking.labels[0] == each.labels[1] for ranking, each in zip(rankings, later, strict=True)]) > 0.9


def test_texts_without_a_given_tag_rank_as_before_beside_others_with_one(trained: TrainedRanker) -> None:
    text = drawn(1, seed=4)[0].text

    (alone,) = trained.ranker.rank([text], limit=6)
    beside, _ = trained.ranker.rank([text, text], limit=6, chosen=[[], [0]])

    assert beside.labels.tolist() == alone.labels.tolist()
    assert beside.probabilities == pytest.approx(alone.probabilities)


def test_a_model_of_an_earlier_version_is_refused_with_what_to_do(trained: TrainedRanker) -> None:
    settings = {name: value for name, value in trained.parts.settings.items() if name != "given_tags"}

    with pytest.raises(BundleVersionUnsupported, match="train again"):
        FusionScorer.of_parts(replace(trained.parts, settings=settings), len(NAMES), threads=1)


def test_counts_of_pairs_are_the_same_from_the_table_and_from_the_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    table, documents = two_kinds(), two_kinds()
    from_table = [table.together(label).tolist() for label in range(5)]

    monkeypatch.setattr(neighbours, "_MOST_PAIRED_LABELS", 0)

    assert from_table[0] == [20.0, 10.0, 10.0, 20.0, 0.0]
    assert [documents.together(label).tolist() for label in range(5)] == from_table
