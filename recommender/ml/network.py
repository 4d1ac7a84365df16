"""The network in PyTorch: bag of fine-tuned embeddings beside a convolution over fastText vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from recommender.ml.examples import FloatArray
from recommender.ml.network_filters import filter_tensors
from recommender.ml.network_graph import Dense, HeadWeights


@dataclass(frozen=True)
class Batch:
    """Documents of one step: bags as flat entries with the start of each, and padded word sequences."""

    features: torch.Tensor  # (n_entries,)
    starts: torch.Tensor  # (batch_size,)
    weights: torch.Tensor  # (n_entries,)
    sequence: torch.Tensor  # (batch_size, seq_len), padding is the last vector row


@dataclass(frozen=True)
class Sizes:
    """Everything that shapes the network's tensors."""

    n_features: int
    n_labels: int
    embedding_dim: int
    filter_widths: Sequence[int]
    n_filters: int
    hidden_sizes: Sequence[int]
    output_sees_bag: bool


@dataclass(frozen=True)
class Dropout:
    """Shares left out while training: of bag entries, of the normed layer, of hidden units."""

    features: float
    bag: float
    hidden: float


class TagNetwork(nn.Module):
    """Logits of all labels, shape (batch_size, n_labels).

    The bag is a TF-IDF-weighted sum over a jointly trained table; LayerNorm takes out its length (Ba et al.,
    2016). The convolution is max-pooled over time (Kim, EMNLP 2014). The output may see the normed layer too.
    """

    def __init__(self, sizes: Sizes, vectors: FloatArray, dropout: Dropout) -> None:
        super().__init__()
        self._padding = len(vectors)
        self._feature_dropout = dropout.features
        padded = np.concatenate([vectors, np.zeros((1, vectors.shape[1]), np.float32)])
        self.register_buffer("vectors", torch.from_numpy(padded), persistent=False)
        self.embedding = nn.EmbeddingBag(sizes.n_features, sizes.embedding_dim, mode="sum", sparse=True)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(vectors.shape[1], sizes.n_filters, width, padding=width // 2) for width in sizes.filter_widths
        )
        n_joined = sizes.embedding_dim + sizes.n_filters * len(sizes.filter_widths)
        self.norm = nn.LayerNorm(n_joined)
        self.bag_dropout = nn.Dropout(dropout.bag)
        widths = [n_joined, *sizes.hidden_sizes]
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.hidden_dropout = nn.Dropout(dropout.hidden)
        self.output_sees_bag = sizes.output_sees_bag
        self.output = nn.Linear(widths[-1] + (n_joined if sizes.output_sees_bag else 0), sizes.n_labels)

    def forward(self, batch: Batch) -> torch.Tensor:
        weights = nn.functional.dropout(batch.weights, self._feature_dropout, self.training)
        bag = self.embedding(batch.features, batch.starts, weights)
        normed = self.bag_dropout(self.norm(torch.cat([bag, self._pooled(batch.sequence)], dim=1)))
        last = normed
        for layer in self.hidden:
            last = self.hidden_dropout(nn.functional.gelu(layer(last)))
        seen = torch.cat([last, normed], dim=1) if self.output_sees_bag else last
        logits: torch.Tensor = self.output(seen)
        return logits

    def _pooled(self, sequence: torch.Tensor) -> torch.Tensor:
        mask = (sequence < self._padding).unsqueeze(1).float()
        vectors = self.get_buffer("vectors")[sequence].transpose(1, 2)
        filtered = [torch.relu(convolution(vectors)) * mask for convolution in self.convolutions]
        return torch.cat([positive.amax(dim=2) for positive in filtered], dim=1)

    def initialise(self, vectors: FloatArray, priors: FloatArray, *, noise: float) -> None:
        """Start the table's first columns at the features' vectors and the output at the labels' base rates.

        `vectors` is (n_rows, vector_dim) for the first features, `priors` are logits (n_labels,); what the vectors
        do not fill is drawn with the standard deviation `noise`.
        """
        n_rows, dim = vectors.shape
        dim = min(dim, self.embedding.embedding_dim)
        with torch.no_grad():
            self.embedding.weight.normal_(0.0, noise) if noise else self.embedding.weight.zero_()
            self.embedding.weight[:n_rows, :dim] = torch.from_numpy(vectors[:, :dim])
            self.output.weight.mul_(0.1)
            self.output.bias.copy_(torch.from_numpy(priors))

    def dense_parameters(self) -> list[nn.Parameter]:
        """All but the embedding table, whose gradients are sparse."""
        return [value for name, value in self.named_parameters() if not name.startswith("embedding.")]

    def filter_tensors(self) -> dict[str, NDArray[Any]]:
        """Weights and biases of the convolutions as a bundle keeps them."""
        layers = self.convolutions
        return filter_tensors([_array(layer.weight) for layer in layers], [_array(layer.bias) for layer in layers])

    def head_weights(self, temperature: float = 1.0) -> HeadWeights:
        """The layers behind the convolution, with the temperature of the softmax taken into the output layer."""
        output = Dense(_array(self.output.weight) / temperature, _array(self.output.bias) / temperature)
        return HeadWeights(
            _array(self.norm.weight),
            _array(self.norm.bias),
            self.norm.eps,
            [Dense(_array(layer.weight), _array(layer.bias)) for layer in self.hidden],
            output,
            self.output_sees_bag,
        )


def _array(tensor: object) -> FloatArray:
    assert isinstance(tensor, torch.Tensor)
    return tensor.detach().numpy().astype(np.float32, copy=True)
