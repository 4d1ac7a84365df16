"""One fusion, trained once for all tests here."""

import pytest

from recommender.ml import TrainedRanker, train_ranker
from recommender.ml.configs import FusionConfig
from recommender.ml.fusion.config import BoostingConfig
from tests.ml.conftest import silent
from tests.ml.fusion.newsroom import LABEL_SPACE, TAG_TEXTS, examples

QUICK = FusionConfig(boosting=BoostingConfig(n_trees=60), threads=1)


def train_fusion(config: FusionConfig = QUICK) -> TrainedRanker:
    """On 120 documents, weighed and calibrated on the 40 after them."""
    documents = examples()
    return train_ranker(
        "fusion",
        train=documents[:120],
        dev=documents[120:],
        label_space=LABEL_SPACE,
        config=config,
        seed=1,
        on_progress=silent,
        tag_texts=TAG_TEXTS,
    )


@pytest.fixture(scope="session")
def fusion() -> TrainedRanker:
    return train_fusion()
