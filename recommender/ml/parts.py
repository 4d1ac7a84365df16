"""What training hands to serving: settings, words, tensors and ONNX graphs, nothing executable."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recommender.ml.examples import BoolArray, Example, FloatArray, LabelSpace, Text
from recommender.ml.features import FeatureSpace
from recommender.ml.text import Tokens, tokenise

_DOCUMENTS_A_SIGN = 200

OnProgress = Callable[[str, float], None]


@dataclass(frozen=True)
class ModelParts:
    """Everything that a scorer is rebuilt from; each member goes into the bundle as it is."""

    settings: Mapping[str, Any]
    words: tuple[str, ...]
    tensors: Mapping[str, NDArray[Any]]
    graphs: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingTask:
    """All that a recipe may look at while it trains."""

    train: Sequence[Example]
    dev: Sequence[Example]
    label_space: LabelSpace
    config: Any
    seed: int
    on_progress: OnProgress
    n_passes: int | None = None  # stop after as many, where there is no dev to look at


class Scorer(Protocol):
    """Raw model output; safe to call from several threads."""

    def logits(self, texts: Sequence[Text]) -> tuple[FloatArray, BoolArray]:
        """Logits, shape (n_texts, n_labels), and whether each text was truncated, shape (n_texts,)."""
        ...

    def word_contributions(self, text: Text, label: int) -> Mapping[str, float]:
        """How much each token (as the tokeniser wrote it) lifts the label's logit."""
        ...


def tokenised(examples: Sequence[Example], max_tokens: int, on_progress: OnProgress) -> list[Tokens]:
    """Tokens of every example's text, with a sign of life now and then."""
    documents = []
    for row, example in enumerate(examples):
        if row % _DOCUMENTS_A_SIGN == 0:
            on_progress("reading texts", 0.0)
        documents.append(tokenise(example.text, max_tokens=max_tokens))
    return documents


def feature_parts(space: FeatureSpace) -> dict[str, NDArray[Any]]:
    """The tensors that `feature_space` needs back."""
    return {"pairs": space.pairs, "idf": space.idf}


def feature_space(parts: ModelParts) -> FeatureSpace:
    """The feature space that the model was trained with."""
    tensors = parts.tensors
    return FeatureSpace(
        parts.words,
        np.asarray(tensors["pairs"]),
        np.asarray(tensors["idf"]),
        float(parts.settings["title_weight"]),
    )
