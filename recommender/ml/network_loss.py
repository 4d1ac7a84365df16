"""What the network minimises: binary relevance (plain, focal or asymmetric), or softmax for exactly one tag."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from recommender.ml.configs import NetworkConfig
from recommender.ml.examples import Example, label_matrix, weight_matrix
from recommender.ml.hierarchy import families, parent_labels
from recommender.ml.tag_texts import TagText

Loss = Callable[[torch.Tensor, Sequence[Example]], torch.Tensor]
CellLoss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def loss_for(selection_mode: str, config: NetworkConfig) -> Loss:
    """The loss (logits, examples) -> scalar that suits the vocabulary."""
    cells = _cell_loss(config)
    if selection_mode == "many":
        return lambda logits, examples: binary_relevance_loss(logits, examples, cells)
    return lambda logits, examples: single_choice_loss(logits / config.temperature, examples, config.label_smoothing)


def hierarchy_loss(tag_texts: Sequence[TagText], weight: float) -> Callable[[torch.Tensor], torch.Tensor]:
    """`weight` times the mean squared distance of a broader tag's vector (n_labels, dim) to its narrower ones' mean.

    Pulling children to their parent regularises rare tags (Gopal and Yang, KDD 2013); here the parent moves too.
    """
    kin = families(parent_labels(tag_texts))
    if weight == 0 or len(kin.parents) == 0:
        return lambda vectors: vectors.new_zeros(())
    cells = kin.mean_of_children.tocoo()
    places = torch.from_numpy(np.stack([cells.row, cells.col]))
    means = torch.sparse_coo_tensor(places, torch.from_numpy(cells.data), cells.shape, check_invariants=True)
    parents = torch.from_numpy(kin.parents)
    return lambda vectors: weight * (vectors[parents] - torch.sparse.mm(means, vectors)).square().sum(dim=1).mean()


def _cell_loss(config: NetworkConfig) -> CellLoss:
    if config.loss == "binary":
        return plain_cells
    if config.loss == "focal":
        return lambda logits, targets: focal_cells(logits, targets, config.focusing)
    return lambda logits, targets: asymmetric_cells(
        logits, targets, config.positive_focusing, config.negative_focusing, config.clip
    )


def plain_cells(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy of every cell, same shape as the logits."""
    return nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")


def focal_cells(logits: torch.Tensor, targets: torch.Tensor, focusing: float) -> torch.Tensor:
    """(1 - p_t)^focusing times cross-entropy, so that easy cells count little (Lin et al., ICCV 2017)."""
    chances = torch.sigmoid(logits)
    missed = torch.where(targets > 0, 1 - chances, chances)
    return missed**focusing * plain_cells(logits, targets)


def asymmetric_cells(
    logits: torch.Tensor, targets: torch.Tensor, positive_focusing: float, negative_focusing: float, clip: float
) -> torch.Tensor:
    """Own focusing for negatives, whose chance is lowered by `clip` first (Ridnik et al., ICCV 2021).

    A negative with a chance below `clip` costs nothing.
    """
    chances = torch.sigmoid(logits)
    lowered = (chances - clip).clamp(min=0.0)
    positive = (1 - chances) ** positive_focusing * -nn.functional.logsigmoid(logits)
    negative = lowered**negative_focusing * -torch.log1p(-lowered.clamp(max=1 - 1e-6))
    return torch.where(targets > 0, positive, negative)


def binary_relevance_loss(
    logits: torch.Tensor, examples: Sequence[Example], cells: CellLoss = plain_cells
) -> torch.Tensor:
    """Loss of the cells summed over labels, every cell with its weight; mean over examples."""
    n_labels = logits.shape[1]
    targets = torch.from_numpy(label_matrix(examples, n_labels))
    weights = torch.from_numpy(weight_matrix(examples, n_labels))
    return (cells(logits, targets) * weights).sum() / len(examples)


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
