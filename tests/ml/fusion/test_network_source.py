"""The network as a source of the fusion, small, on the made-up newsroom."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from recommender.ml import Text, TrainedRanker, open_bundle, refit_ranker, save_bundle, train_ranker
from recommender.ml.configs import FusionConfig, JoinedNetworkConfig
from recommender.ml.fusion.network_source import network_reason
from recommender.ml.fusion.scored_sources import FEATURES_BY_PART
from recommender.ml.skipgram import SkipgramConfig
from tests.ml.conftest import silent
from tests.ml.fusion.conftest import QUICK
from tests.ml.fusion.newsroom import LABEL_SPACE, NAMES, TAG_TEXTS, TOPICS, examples

TINY = JoinedNetworkConfig(
    embedding_dim=16,
    skipgram=SkipgramConfig(dim=16, epochs=1, buckets=100),
    filter_widths=(1,),
    n_filters=8,
    hidden_sizes=(32,),
    min_steps=60,
    batch_size=32,
)
TEXT = Text("The striker and the referee", "A goal in the league after a penalty; the coach was glad in the stadium.")


def train_with_network() -> TrainedRanker:
    documents = examples()
    return train_ranker(
        "fusion",
        train=documents[:120],
        dev=documents[120:],
        label_space=LABEL_SPACE,
        config=replace(QUICK, network="yes", network_config=TINY),
        seed=1,
        on_progress=silent,
        tag_texts=TAG_TEXTS,
    )


@pytest.fixture(scope="module")
def with_network() -> TrainedRanker:
    return train_with_network()


def test_the_trees_look_at_the_network_and_the_report_tells_what_it_is_worth(with_network: TrainedRanker) -> None:
    report = with_network.parts.report

    assert set(FEATURES_BY_PART["network"]) <= set(with_network.parts.settings["features"])
    assert {gain["feature"] for gain in report["fusion"]["gains"]} & set(FEATURES_BY_PART["network"])
    assert "network" in {row["without"] for row in report["ablation"]}
    assert "network" in {part["name"] for part in report["parts"]}


def test_a_bundle_with_a_network_answers_like_the_model_in_memory(with_network: TrainedRanker, tmp_path: Path) -> None:
    save_bundle(with_network, tmp_path / "bundle")

    ranker = open_bundle(tmp_path / "bundle")

    texts = [example.text for example in examples()[:20]]
    assert ranker.logits(texts) == pytest.approx(with_network.ranker.logits(texts), abs=0.05)


def test_the_same_seed_gives_the_same_digest_with_a_network(with_network: TrainedRanker, tmp_path: Path) -> None:
    first = save_bundle(with_network, tmp_path / "first")

    again = save_bundle(train_with_network(), tmp_path / "again")

    assert first.digest == again.digest


def test_words_that_the_fusion_takes_out_are_out_of_the_network_too(with_network: TrainedRanker) -> None:
    evidence = with_network.ranker.explain(TEXT, NAMES.index("football"))

    assert {each.text.lower() for each in evidence[:2]} <= set(TOPICS["football"].split())


def test_a_refit_trains_the_network_on_all_documents(with_network: TrainedRanker) -> None:
    everything = refit_ranker(with_network, examples(), on_progress=silent)

    old, new = (each.parts.tensors["network.embedding"] for each in (with_network, everything))
    assert everything.parts.settings["features"] == with_network.parts.settings["features"]
    assert everything.parts.settings["smallest_weight"] == 0.03
    assert np.abs(everything.parts.tensors["ridge.weights.values"]).min() >= 0.029
    assert old.shape != new.shape or not np.array_equal(old, new)
    assert everything.ranker.rank([TEXT], limit=2)[0].labels.tolist()


@pytest.mark.parametrize(
    ("network", "n_dev_documents", "n_used_labels", "joins"),
    [
        ("auto", 1_500, 600, True),
        ("auto", 100, 600, False),
        ("auto", 1_500, 5_000, False),
        ("yes", 10, 5_000, True),
        ("no", 1_500, 600, False),
    ],
)
def test_the_network_joins_where_dev_can_weigh_it_and_tags_are_few(
    network: Literal["auto", "yes", "no"], n_dev_documents: int, n_used_labels: int, joins: bool
) -> None:
    reason = network_reason(FusionConfig(network=network), n_dev_documents=n_dev_documents, n_used_labels=n_used_labels)

    assert (reason is None) == joins
