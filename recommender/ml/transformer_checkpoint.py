"""Reads a BERT checkpoint from a folder or an installed package: weights, vocabulary, shape."""

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recommender.ml.errors import ConfigInvalid
from recommender.ml.examples import FloatArray

_CONFIG, _WEIGHTS, _VOCABULARY = "config.json", "model.safetensors", "vocab.txt"
_PREFIX = "bert."


@dataclass(frozen=True)
class Checkpoint:
    """An encoder before its export; `weights` have the names of a bare BERT model."""

    folder: Path
    weights: Mapping[str, FloatArray]
    words: tuple[str, ...]
    n_layers: int
    n_heads: int
    epsilon: float

    @property
    def dim(self) -> int:
        return int(self.weights["embeddings.word_embeddings.weight"].shape[1])

    @property
    def most_tokens(self) -> int:
        """How long a text may be, special tokens included."""
        return int(self.weights["embeddings.position_embeddings.weight"].shape[0])


def read_checkpoint(source: str) -> Checkpoint:
    """`source` is a folder, or a package that has one inside; raises ConfigInvalid when it is not a BERT."""
    folder = _folder(source)
    config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
    _check(config, folder)
    words = (folder / _VOCABULARY).read_text(encoding="utf-8").rstrip("\n").split("\n")
    return Checkpoint(
        folder,
        _weights(folder / _WEIGHTS),
        tuple(words),
        int(config["num_hidden_layers"]),
        int(config["num_attention_heads"]),
        float(config["layer_norm_eps"]),
    )


def bare_names(weights: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """The names without the prefix that a task model puts before them."""
    return {name.removeprefix(_PREFIX): values for name, values in weights.items()}


def _folder(source: str) -> Path:
    if not source:
        raise ConfigInvalid("source is empty; name a folder or an installed package with a BERT checkpoint")
    for folder in (Path(source), *_package_folders(source)):
        if all((folder / name).is_file() for name in (_CONFIG, _WEIGHTS, _VOCABULARY)):
            return folder
    raise ConfigInvalid(
        f"neither a folder nor an installed package {source!r} has {_CONFIG}, {_WEIGHTS} and {_VOCABULARY};"
        " install requirements-transformer.txt or name a folder"
    )


def _package_folders(source: str) -> list[Path]:
    """The package's own folder and those right inside it; the package is not imported."""
    name = source.replace("-", "_")
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    roots = [Path(root) for root in (spec.submodule_search_locations or ())] if spec else []
    return [folder for root in roots for folder in (root, *sorted(each for each in root.iterdir() if each.is_dir()))]


def _check(config: Mapping[str, Any], folder: Path) -> None:
    wanted = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    for name, value in wanted.items():
        if config.get(name, value) != value:
            raise ConfigInvalid(f"{name} of the encoder is {config[name]!r}; only {value!r} can be served")
    tokeniser = folder / "tokenizer_config.json"
    settings = json.loads(tokeniser.read_text(encoding="utf-8")) if tokeniser.is_file() else {}
    if not settings.get("do_lower_case", True):
        raise ConfigInvalid("the encoder tells upper from lower case; only uncased ones can be served")


def _weights(path: Path) -> dict[str, FloatArray]:
    from safetensors.numpy import load_file

    loaded: dict[str, FloatArray] = load_file(path)
    return bare_names({name: values.astype(np.float32) for name, values in loaded.items() if values.dtype.kind == "f"})
