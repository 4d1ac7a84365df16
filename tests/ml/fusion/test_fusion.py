"""The fusion as a whole on a made-up newsroom."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recommender.ml import (
    LabelSpace,
    Text,
    TrainedRanker,
    open_bundle,
    refit_ranker,
    save_bundle,
    train_ranker,
    widened,
)
from recommender.ml.bundles import TENSORS
from recommender.ml.fusion.calibrating import JudgedPairs, calibrated_on_pairs
from recommender.ml.fusion.pair_table import Document, as_if_unseen
from recommender.ml.fusion.scorer import FusionScorer
from recommender.ml.tag_texts import TagText
from recommender.ml.tensors import mapped_tensors
from recommender.ml.text import tokenise
from tests.ml.conftest import silent
from tests.ml.fusion.conftest import QUICK, train_fusion
from tests.ml.fusion.newsroom import EVENTS, LABEL_SPACE, NAMES, SPORT, TAG_TEXTS, TOPICS, UNUSED, examples

TEXT = Text("The striker and the referee", "A goal in the league after a penalty; the coach was glad in the stadium.")


def names_of(labels: np.ndarray) -> list[str]:
    return [NAMES[label] for label in labels]


def test_documents_of_later_days_get_their_tags_first(fusion: TrainedRanker) -> None:
    later = examples(220)[160:]

    rankings = fusion.ranker.rank([example.text for example in later], limit=3)

    first = [r.labels[0] in e.labels for r, e in zip(rankings, later, strict=True)]
    found = [
        len({*r.labels.tolist()} & {*e.labels}) / min(3, len(e.labels)) for r, e in zip(rankings, later, strict=True)
    ]
    assert np.mean(first) > 0.9
    assert np.mean(found) > 0.8


def test_probabilities_are_near_what_comes_true(fusion: TrainedRanker) -> None:
    later = examples(400)[160:]
    gold = np.zeros((len(later), len(NAMES)), bool)
    for row, example in enumerate(later):
        gold[row, list(example.labels)] = True

    chances = fusion.ranker.probabilities([example.text for example in later])

    assert abs(chances[chances > 0.5].mean() - gold[chances > 0.5].mean()) < 0.08


def test_a_bundle_answers_like_the_model_in_memory(fusion: TrainedRanker, tmp_path: Path) -> None:
    save_bundle(fusion, tmp_path / "bundle")

    ranker = open_bundle(tmp_path / "bundle")

    texts = [example.text for example in examples()[:20]]
    assert ranker.logits(texts) == pytest.approx(fusion.ranker.logits(texts), abs=0.05)
    assert (tmp_path / "bundle" / "report.json").is_file()


def test_a_bundle_gives_thresholds_for_another_precision_without_training(
    fusion: TrainedRanker, tmp_path: Path
) -> None:
    save_bundle(fusion, tmp_path / "bundle")
    judged = JudgedPairs.from_tensors(mapped_tensors(tmp_path / "bundle" / TENSORS))
    assert judged is not None

    same, higher = (calibrated_on_pairs(judged, LABEL_SPACE, precision_target=target) for target in (0.7, 0.9))

    assert np.array_equal(same.thresholds, fusion.calibration.thresholds)
    assert np.mean(higher.thresholds) > np.mean(same.thresholds)


def test_the_same_seed_gives_the_same_digest(fusion: TrainedRanker, tmp_path: Path) -> None:
    first = save_bundle(fusion, tmp_path / "first")

    again = save_bundle(train_fusion(), tmp_path / "again")

    assert first.digest == again.digest


def test_the_same_seed_gives_the_same_digest_with_label_trees_too(tmp_path: Path) -> None:
    with_trees = replace(QUICK, label_trees="yes")

    first, again = (save_bundle(train_fusion(with_trees), tmp_path / name) for name in ("first", "again"))

    assert first.digest == again.digest


def test_a_batch_says_what_single_texts_say(fusion: TrainedRanker) -> None:
    texts = [example.text for example in examples()[:12]]

    together = fusion.ranker.logits(texts)

    alone = np.concatenate([fusion.ranker.logits([text]) for text in texts])
    assert together == pytest.approx(alone, abs=1e-3)


def test_a_chosen_tag_lifts_what_goes_with_it_and_is_not_suggested_again(fusion: TrainedRanker) -> None:
    text = Text("On Monday", "People said that new plans were made.")
    sport, cycling = NAMES.index(SPORT), NAMES.index("cycling")

    (before,) = fusion.ranker.rank([text], limit=len(NAMES))
    (after,) = fusion.ranker.rank([text], limit=len(NAMES), chosen=[[cycling]])

    assert cycling not in after.labels
    chance = dict(zip(after.labels.tolist(), after.probabilities.tolist(), strict=True))[sport]
    assert chance > dict(zip(before.labels.tolist(), before.probabilities.tolist(), strict=True))[sport]


def test_a_tag_without_a_document_is_suggested_where_its_name_stands(fusion: TrainedRanker) -> None:
    with_name = Text("Archaeology in the old town", "New finds: archaeology says that people lived on the street.")
    without = Text("In the old town", "New finds: it says that people lived on the street.")
    unused = NAMES.index(UNUSED)

    named, plain = fusion.ranker.probabilities([with_name, without])

    assert named[unused] > plain[unused]
    assert unused in fusion.ranker.rank([with_name], limit=3)[0].labels


def test_a_tag_that_was_added_after_training_is_suggested_at_once(fusion: TrainedRanker) -> None:
    wider = LabelSpace((*NAMES, "beekeeping", "tax"))
    ranker = widened(fusion.ranker, wider, [TagText("beekeeping", ("apiary",)), TagText("tax")])
    text = Text("An apiary on the roof", "The apiary gives honey; beekeeping is new in town.")

    (ranking,) = ranker.rank([text], limit=2)

    assert wider.label_by_tag_id["beekeeping"] in ranking.labels
    old = fusion.ranker.logits([text])
    assert ranker.logits([text])[:, : len(NAMES)] == pytest.approx(old, abs=1.0)


def test_a_new_tag_shows_the_trees_what_any_tag_without_documents_shows(fusion: TrainedRanker) -> None:
    scorer = fusion.ranker.scorer
    assert isinstance(scorer, FusionScorer)
    documents = [Document(e.text, tokenise(e.text, max_tokens=2000)) for e in examples()[120:]]
    table = scorer.features.table(documents)
    event = NAMES.index(EVENTS[-3])  # first used in dev: the sources know no document of it
    hidden = np.zeros(len(NAMES), bool)
    hidden[event] = True

    features, places = as_if_unseen(table, hidden)

    assert len(places)
    assert np.array_equal(features, table.features[places], equal_nan=True)


def test_without_texts_an_added_tag_comes_last(fusion: TrainedRanker) -> None:
    ranker = widened(fusion.ranker, LabelSpace((*NAMES, "beekeeping")))

    assert ranker.logits([Text("beekeeping", "beekeeping")])[0].argmin() == len(NAMES)


def test_the_words_that_carry_a_tag_explain_it(fusion: TrainedRanker) -> None:
    evidence = fusion.ranker.explain(TEXT, NAMES.index("football"))

    assert evidence
    assert {each.text.lower() for each in evidence[:2]} <= set(TOPICS["football"].split())
    assert "the" not in {each.text.lower() for each in evidence}


def test_taking_out_the_explaining_words_costs_more_than_taking_out_others(fusion: TrainedRanker) -> None:
    later = examples(240)[160:]
    rng = np.random.default_rng(0)
    worse = []
    for example in later:
        label = example.labels[0]
        evidence = fusion.ranker.explain(example.text, label, limit=3)
        told = {each.text.lower() for each in evidence}
        others = [word for word in dict.fromkeys(example.text.body.split()) if word not in told]
        random = set(rng.choice(others, len(told), replace=False).tolist())
        logits = fusion.ranker.logits([_without(example.text, told), _without(example.text, random)])[:, label]
        worse.append(logits[0] < logits[1])
    assert np.mean(worse) >= 0.9


def _without(text: Text, words: set[str]) -> Text:
    return Text(
        " ".join(word for word in text.title.split() if word.lower() not in words),
        " ".join(word for word in text.body.split() if word.lower() not in words),
    )


def test_similar_documents_bear_the_tag(fusion: TrainedRanker) -> None:
    football = NAMES.index("football")

    similar = fusion.ranker.similar_documents(TEXT, football)

    labels = {example.document_id: example.labels for example in examples()}
    assert len(similar) == 3
    assert all(football in labels[each.document_id] for each in similar)
    assert [each.similarity for each in similar] == sorted((each.similarity for each in similar), reverse=True)


def test_tags_that_go_together_are_near_each_other(fusion: TrainedRanker) -> None:
    vectors = fusion.ranker.tag_vectors()

    assert vectors is not None
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    sport = unit @ unit[NAMES.index(SPORT)]
    assert sport[NAMES.index("football")] > sport[NAMES.index("health")]


def test_a_refit_learns_the_newest_documents_and_keeps_how_they_are_weighed(fusion: TrainedRanker) -> None:
    documents = examples()

    everything = refit_ranker(fusion, documents, on_progress=silent)

    assert everything.n_train == 160
    assert everything.parts.graphs == fusion.parts.graphs
    ids = {
        each.document_id for each in everything.ranker.similar_documents(documents[-1].text, documents[-1].labels[0])
    }
    assert documents[-1].document_id in ids


def test_exactly_one_tag_gives_probabilities_that_sum_to_one() -> None:
    documents = [replace(example, labels=example.labels[:1]) for example in examples()]

    ranker = train_ranker(
        "fusion",
        train=documents[:120],
        dev=documents[120:],
        label_space=LabelSpace(NAMES, "one"),
        config=QUICK,
        seed=1,
        on_progress=silent,
        tag_texts=TAG_TEXTS,
    ).ranker

    chances = ranker.probabilities([TEXT])
    assert chances.sum() == pytest.approx(1.0, abs=1e-4)
    assert NAMES[int(chances[0].argmax())] == "football"


@pytest.mark.parametrize("text", [Text("", ""), Text("zzz", "qqq"), Text("\ud800", "😀" * 50), Text("a" * 100_000, "")])
def test_odd_texts_are_ranked_too(fusion: TrainedRanker, text: Text) -> None:
    (ranking,) = fusion.ranker.rank([text], limit=5)

    assert np.isfinite(ranking.probabilities).all()
    assert len(set(ranking.labels.tolist())) == 5


def test_what_stops_the_training_comes_out() -> None:
    def stop(stage: str, fraction: float) -> None:
        if fraction > 0.3:
            raise KeyboardInterrupt

    documents = examples()
    with pytest.raises(KeyboardInterrupt):
        train_ranker(
            "fusion",
            train=documents[:120],
            dev=documents[120:],
            label_space=LABEL_SPACE,
            config=QUICK,
            seed=1,
            on_progress=stop,
        )


def test_auto_takes_the_fusion_and_says_why() -> None:
    documents = examples()

    trained = train_ranker(
        "auto",
        train=documents[:120],
        dev=documents[120:],
        label_space=LABEL_SPACE,
        seed=1,
        on_progress=silent,
        tag_texts=TAG_TEXTS,
    )

    chosen = {reason["what"]: reason["value"] for reason in trained.parts.report["choice"]}
    assert chosen["recipe"] == "fusion"
    assert chosen["folds"] == "forward in time"
    assert len(trained.parts.report["search"]) == 3
    assert set(names_of(trained.ranker.rank([TEXT], limit=2)[0].labels)) == {"football", SPORT}
    again = refit_ranker(trained, documents, on_progress=silent)
    assert again.parts.report["choice"] == trained.parts.report["choice"]


def test_auto_takes_logistic_regression_for_a_handful_of_documents(tmp_path: Path) -> None:
    documents = examples(30)

    trained = train_ranker(
        "auto",
        train=documents[:24],
        dev=documents[24:],
        label_space=LABEL_SPACE,
        seed=1,
        on_progress=silent,
    )

    assert trained.parts.report["choice"][0]["value"] == "tfidf-logreg"
    save_bundle(trained, tmp_path / "bundle")
    assert open_bundle(tmp_path / "bundle").rank([TEXT], limit=2)[0].labels.shape == (2,)
