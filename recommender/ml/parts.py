"""What training hands to serving: settings, words, tensors and ONNX graphs, nothing executable."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from recommender.ml.calibration import Calibration
from recommender.ml.examples import BoolArray, Example, FloatArray, LabelSpace, Text
from recommender.ml.features import FeatureSpace
from recommender.ml.replay import Replay
from recommender.ml.tag_texts import TagText
from recommender.ml.text import Tokens, tokenise

_DOCUMENTS_A_SIGN = 200
_WORDS = "words.json"
_Member = TypeVar("_Member")

OnProgress = Callable[[str, float], None]
Obstacle = Literal["recipe", "settings", "labels", "bundle", "choice", "network", "anew"]
"""What keeps a model from being updated: another recipe or other settings are wanted; its columns are not the first
of the wanted ones; its bundle lacks what an update needs; another recipe would be chosen now; a network would join now;
its recipe learns everything anew, because that is quick."""


@dataclass(frozen=True)
class ModelParts:
    """Everything that a scorer is rebuilt from; each member goes into the bundle as it is.

    `files` are JSON by name. A recipe that holds documents out while it trains brings its own `calibration`; others
    are calibrated on dev. `report` is what a training report shows beside the figures.
    """

    settings: Mapping[str, Any]
    words: tuple[str, ...]
    tensors: Mapping[str, NDArray[Any]]
    graphs: Mapping[str, bytes] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    calibration: Calibration | None = None
    report: Mapping[str, Any] = field(default_factory=dict)


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
    tag_texts: Sequence[TagText] = ()  # one a label, or none where the vocabulary is known by its ids alone
    precision_target: float = 0.7
    replay: Replay | None = None  # what the model that is updated has seen; None where all is learnt anew

    def tag_texts_or_ids(self) -> Sequence[TagText]:
        """One text a label; where there are none, the ids stand in as names."""
        return self.tag_texts or [TagText(tag_id) for tag_id in self.label_space.tag_ids]


@dataclass(frozen=True)
class SimilarDocument:
    """A training document and its cosine similarity to a text."""

    document_id: str
    similarity: float


class Scorer(Protocol):
    """Raw model output; safe to call from several threads."""

    def logits(self, texts: Sequence[Text], chosen: Sequence[Iterable[int]] = ()) -> tuple[FloatArray, BoolArray]:
        """Logits, shape (n_texts, n_labels), and whether each text was truncated, shape (n_texts,).

        `chosen` has the labels that each text already has (or is empty); a model may use what goes with them.
        """
        ...

    def word_contributions(self, text: Text, label: int) -> Mapping[str, float]:
        """How much each token (as the tokeniser wrote it) lifts the label's logit."""
        ...


def nested(parts: ModelParts, name: str) -> ModelParts:
    """A whole model as a part of another one: everything but its words under a name of its own.

    The words become a file. Calibration and report stay behind.
    """
    words = json.dumps(parts.words, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return ModelParts(
        {name: dict(parts.settings)},
        (),
        {f"{name}.{tensor}": values for tensor, values in parts.tensors.items()},
        {f"{name}_{graph}": content for graph, content in parts.graphs.items()},
        {f"{name}_{file}": content for file, content in parts.files.items()} | {f"{name}_{_WORDS}": words},
    )


def joined(parts: ModelParts, part: ModelParts | None) -> ModelParts:
    """The model with what `nested` gave of another one, or as it is."""
    if part is None:
        return parts
    return replace(
        parts,
        settings={**parts.settings, **part.settings},
        tensors={**parts.tensors, **part.tensors},
        graphs={**parts.graphs, **part.graphs},
        files={**parts.files, **part.files},
    )


def inner(parts: ModelParts, name: str) -> ModelParts | None:
    """The inverse of `nested`; None where there is no such part."""
    if name not in parts.settings:
        return None
    files = _under(parts.files, f"{name}_")
    words = tuple(json.loads(files.pop(_WORDS)))
    return ModelParts(
        parts.settings[name], words, _under(parts.tensors, f"{name}."), _under(parts.graphs, f"{name}_"), files
    )


def _under(members: Mapping[str, _Member], prefix: str) -> dict[str, _Member]:
    return {name.removeprefix(prefix): member for name, member in members.items() if name.startswith(prefix)}


def tokenised(examples: Sequence[Example], max_tokens: int, on_progress: OnProgress) -> list[Tokens]:
    """Tokens of every example's text, with a sign of life now and then; equal words are one string in memory."""
    documents = []
    for row, example in enumerate(examples):
        if row % _DOCUMENTS_A_SIGN == 0:
            on_progress("reading texts", 0.0)
        tokens = tokenise(example.text, max_tokens=max_tokens)
        title, body = (tuple(map(sys.intern, words)) for words in (tokens.title, tokens.body))
        documents.append(Tokens(title, body, tokens.truncated))
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
        parts.settings.get("weighting", "tf-idf"),
    )
