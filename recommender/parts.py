"""Which examples are learnt from, which choose, which measure; and what a recipe is told beside them."""

from dataclasses import dataclass
from typing import Any

from recommender import ml
from recommender.training_data import TrainingData


@dataclass(frozen=True)
class Parts:
    """Examples to learn from, to choose on, and to measure on."""

    train: list[ml.Example]
    dev: list[ml.Example]
    test: list[ml.Example]


@dataclass(frozen=True)
class Recipe:
    """All that a training is told beside its examples."""

    name: str
    config: dict[str, Any]
    seed: int
    precision_target: float
    replay: dict[str, Any] | None = None  # ReplayLimits of an incremental training; None where all is learnt anew


@dataclass(frozen=True)
class Repeated:
    """What a snapshot holds: the examples with their parts, and the recipe they were given to."""

    data: TrainingData
    parts: Parts
    recipe: Recipe


LARGEST_KNOWN_SHARE = 0.5
"""Of the held-out documents, that another version may have seen and that are learnt instead of measured on."""
_DEV_SHARE = 0.1


def parts_of(data: TrainingData, seen: ml.SeenDocuments | None = None) -> Parts:
    """By time, siblings together; documents tagged blind or spot-checked are measured on, whatever their date.

    What a parent has `seen` is learnt instead of measured on.
    """
    split = ml.split_examples(data.examples)
    train, dev, test = ([data.examples[row] for row in rows] for rows in (split.train, split.dev, split.test))
    if seen is not None:
        train += [example for example in test if example in seen]
        test = [example for example in test if example not in seen]
    return Parts(train, dev, test + data.blind)


def parts_beside(data: TrainingData, seen: ml.SeenDocuments) -> Parts:
    """For learning everything anew beside a version that has `seen` some of the newest documents by its updates.

    Only what is new to both is measured on, and all else is learnt, or one twin would know months that the other does
    not. Where the version has seen more than half of the newest fifth, that fifth measures as usual.
    """
    usual = parts_of(data)
    held_out = usual.test[: len(usual.test) - len(data.blind)]
    test = [example for example in held_out if example not in seen]
    if len(test) == len(held_out) or len(test) < (1.0 - LARGEST_KNOWN_SHARE) * len(held_out):
        return usual
    learnt = [*usual.train, *usual.dev, *(example for example in held_out if example in seen)]
    split = ml.split_examples(learnt, dev_share=_DEV_SHARE * len(data.examples) / len(learnt), test_share=0.0)
    train, dev = ([learnt[row] for row in rows] for rows in (split.train, split.dev))
    return Parts(train, dev, test + data.blind)
