"""Tiny examples and quick settings for the tests of the machine learning."""

from collections.abc import Callable
from typing import Any

import pytest

from recommender.ml import Example, LabelSpace, LogisticConfig, NetworkConfig, Text, TrainedRanker, train_ranker
from recommender.ml.skipgram import SkipgramConfig

RECIPES = ("tfidf-logreg", "fasttext-cnn-mlp")
TOPICS = (
    ("Debugging C++ templates", "The compiler rejects a template of the linker library."),
    ("Baking sourdough bread", "Flour, water and salt rest overnight before the oven is hot."),
    ("训练神经网络", "使用显卡训练深度学习模型, 梯度下降收敛。"),
    ("Cycling in the Alps", "Climb the mountain pass by bicycle and enjoy the descent."),
)


def quick_config(recipe: str) -> Any:
    """Settings under which eight examples train in about a second."""
    if recipe == "tfidf-logreg":
        return LogisticConfig(threads=1)
    return NetworkConfig(
        embedding_dim=24,
        skipgram=SkipgramConfig(dim=20, epochs=2, buckets=500),
        n_filters=8,
        hidden_sizes=(24,),
        min_steps=120,
        patience=200,
        threads=1,
    )


def eight_examples(n_labels: int = 5) -> list[Example]:
    """Two texts a topic, label = topic, document ids d0…d7; the last label has no example."""
    assert n_labels > len(TOPICS)
    return [
        Example(Text(title, f"{body} Part {part}."), (topic,), f"d{2 * topic + part}")
        for topic, (title, body) in enumerate(TOPICS)
        for part in range(2)
    ]


def silent(stage: str, fraction: float) -> None:
    """Progress that nobody watches."""


def train_quickly(
    recipe: str,
    examples: list[Example],
    label_space: LabelSpace,
    *,
    on_progress: Callable[[str, float], None] = silent,
    seed: int = 3,
) -> TrainedRanker:
    """Train on the examples with themselves as dev."""
    return train_ranker(
        recipe,
        train=examples,
        dev=examples,
        label_space=label_space,
        config=quick_config(recipe),
        seed=seed,
        on_progress=on_progress,
    )


@pytest.fixture(scope="session")
def label_space() -> LabelSpace:
    return LabelSpace(("code", "cooking", "ai", "sport", "unused"))


@pytest.fixture(scope="session")
def trained_by_recipe(label_space: LabelSpace) -> dict[str, TrainedRanker]:
    """Both recipes trained once on the eight examples; tests must not change them."""
    return {recipe: train_quickly(recipe, eight_examples(), label_space) for recipe in RECIPES}
