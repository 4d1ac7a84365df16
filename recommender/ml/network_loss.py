"""What the network minimises: weighted binary cross-entropy, or smoothed softmax for exactly one tag."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from recommender.ml.examples import Example, label_matrix, weight_matrix

Loss = Callable[[torch.Tensor, Sequence[Example]], torch.Tensor]


def loss_for(selection_mode: str, label_smoothing: float) -> Loss:
    """The loss (logits, examples) -> scalar that suits the vocabulary."""
    if selection_mode == "many":
        return binary_relevance_loss
    return lambda logits, examples: single_choice_loss(logits, examples, label_smoothing)


def binary_relevance_loss(logits: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """Binary cross-entropy summed over labels, every cell with its weight; mean over examples."""
    n_labels = logits.shape[1]
    targets = torch.from_numpy(label_matrix(examples, n_labels))
    weights = torch.from_numpy(weight_matrix(examples, n_labels))
    total = nn.functional.binary_cross_entropy_with_logits(logits, targets, weights, reduction="sum")
    return total / len(examples)


def single_choice_loss(logits: torch.Tensor, examples: Sequence[Example], label_smoothing: float) -> torch.Tensor:
    """Cross-entropy with label smoothing (Szegedy et al., CVPR 2016), plus -log(1 - p) of rejected labels."""
    rows = np.array([row for row, example in enumerate(examples) if example.labels], np.int64)
    labels = torch.tensor([examples[row].labels[0] for row in rows], dtype=torch.int64)
    weights = torch.tensor(
        [examples[row].label_weights.get(examples[row].labels[0], 1.0) for row in rows], dtype=torch.float32
    )
    each = nn.functional.cross_entropy(
        logits[torch.from_numpy(rows)], labels, reduction="none", label_smoothing=label_smoothing
    )
    return ((each * weights).sum() + _rejection_loss(logits, examples)) / len(examples)


def _rejection_loss(logits: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    cells = [
        (row, label, weight)
        for row, example in enumerate(examples)
        for label, weight in example.label_weights.items()
        if label not in example.labels and weight > 0
    ]
    if not cells:
        return logits.new_zeros(())
    rows, labels, weights = zip(*cells, strict=True)
    chances = torch.softmax(logits[list(rows)], dim=1)[torch.arange(len(rows)), list(labels)]
    return -(torch.log1p(-chances.clamp(max=0.999)) * torch.tensor(weights)).sum()
