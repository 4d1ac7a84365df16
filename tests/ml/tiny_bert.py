"""A tiny BERT checkpoint with random weights, as transformers would leave it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from recommender.ml.examples import FloatArray

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PIECES = (
    *SPECIAL,
    *("un", "##aff", "##able", "the", "cat", "##s", "sat", ",", ".", "[", "]", "cl", "猫", "cafe", "a", "b", "##b"),
)
N_LAYERS, N_HEADS, DIM, WIDE, MOST_TOKENS, EPSILON = 2, 4, 16, 24, 40, 1e-12


def tiny_weights(seed: int = 0, n_pieces: int = len(PIECES)) -> dict[str, FloatArray]:
    """Random weights under the names of a BERT checkpoint."""
    rng = np.random.default_rng(seed)

    def drawn(*shape: int) -> FloatArray:
        return (rng.normal(size=shape) * 0.3).astype(np.float32)

    weights = {
        "embeddings.word_embeddings.weight": drawn(n_pieces, DIM),
        "embeddings.position_embeddings.weight": drawn(MOST_TOKENS, DIM),
        "embeddings.token_type_embeddings.weight": drawn(2, DIM),
    }
    sizes = {"attention.self.query": (DIM, DIM), "attention.self.key": (DIM, DIM), "attention.self.value": (DIM, DIM)}
    sizes |= {"attention.output.dense": (DIM, DIM), "intermediate.dense": (WIDE, DIM), "output.dense": (DIM, WIDE)}
    norms = ["embeddings.LayerNorm"]
    for layer in range(N_LAYERS):
        for name, (n_out, n_in) in sizes.items():
            weights[f"encoder.layer.{layer}.{name}.weight"] = drawn(n_out, n_in)
            weights[f"encoder.layer.{layer}.{name}.bias"] = drawn(n_out)
        norms += [f"encoder.layer.{layer}.{part}.LayerNorm" for part in ("attention.output", "output")]
    for norm in norms:
        weights[f"{norm}.weight"], weights[f"{norm}.bias"] = 1 + drawn(DIM), drawn(DIM)
    return weights


def write_checkpoint(
    folder: Path, pieces: Sequence[str] = PIECES, weights: Mapping[str, FloatArray] | None = None, **changes: Any
) -> None:
    """Weights (random ones) with the prefix of a task model, vocabulary and settings (some of them changed)."""
    config = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": DIM,
        "num_hidden_layers": N_LAYERS,
        "num_attention_heads": N_HEADS,
        "intermediate_size": WIDE,
        "max_position_embeddings": MOST_TOKENS,
        "vocab_size": len(pieces),
        "type_vocab_size": 2,
        "layer_norm_eps": EPSILON,
    }
    (folder / "config.json").write_text(json.dumps(config | changes), encoding="utf-8")
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    chosen = tiny_weights(n_pieces=len(pieces)) if weights is None else weights
    save_file({f"bert.{name}": values for name, values in chosen.items()}, folder / "model.safetensors")
