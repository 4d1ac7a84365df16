"""The network's losses, weightings, frozen embeddings, hierarchy and tag vectors."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
import torch

from recommender.ml.configs import NetworkConfig
from recommender.ml.errors import ConfigInvalid
from recommender.ml.examples import Example, LabelSpace, Text
from recommender.ml.features import FeatureLimits, fit_feature_space
from recommender.ml.hierarchy import distance_to_children, families, parent_labels
from recommender.ml.network_loss import (
    asymmetric_cells,
    binary_relevance_loss,
    focal_cells,
    hierarchy_loss,
    loss_for,
    plain_cells,
)
from recommender.ml.network_scorer import NetworkScorer
from recommender.ml.network_start import first_vectors, tag_vectors, weighted
from recommender.ml.network_training import fit
from recommender.ml.parts import ModelParts, TrainingTask
from recommender.ml.tag_texts import TagText
from recommender.ml.text import Tokens
from tests.ml.conftest import eight_examples, quick_config, silent

NAME = "fasttext-cnn-mlp"
LOGITS = torch.tensor([[2.0, -1.0, 0.5]])
TARGETS = torch.tensor([[1.0, 0.0, 0.0]])
FAMILY = (TagText("making"), TagText("code", parents=("making",)), TagText("cooking", parents=("making",)))


def trained(label_space: LabelSpace, tag_texts: tuple[TagText, ...] = (), **settings: Any) -> ModelParts:
    config = replace(quick_config(NAME), **settings)
    examples = eight_examples()
    return fit(TrainingTask(examples, examples, label_space, config, 3, silent, tag_texts=tag_texts))


def test_focal_loss_without_focusing_is_cross_entropy() -> None:
    cells = focal_cells(LOGITS, TARGETS, 0.0)

    assert torch.allclose(cells, plain_cells(LOGITS, TARGETS))


def test_focal_loss_follows_its_formula() -> None:
    p = torch.sigmoid(LOGITS)[0]

    (cells,) = focal_cells(LOGITS, TARGETS, 2.0)

    assert cells[0].item() == pytest.approx(((1 - p[0]) ** 2 * -p[0].log()).item(), rel=1e-5)
    assert cells[1].item() == pytest.approx((p[1] ** 2 * -(1 - p[1]).log()).item(), rel=1e-5)


def test_asymmetric_loss_without_focusing_and_clip_is_cross_entropy() -> None:
    cells = asymmetric_cells(LOGITS, TARGETS, 0.0, 0.0, 0.0)

    assert torch.allclose(cells, plain_cells(LOGITS, TARGETS), atol=1e-6)


def test_asymmetric_loss_forgets_negatives_below_the_clip() -> None:
    logits = torch.tensor([[-4.0, -4.0]], requires_grad=True)

    loss = asymmetric_cells(logits, torch.tensor([[1.0, 0.0]]), 0.0, 4.0, 0.05)
    loss.sum().backward()  # type: ignore[no-untyped-call]

    assert loss[0, 1].item() == 0.0
    assert logits.grad is not None
    assert logits.grad[0, 0] < 0
    assert logits.grad[0, 1] == 0.0


@pytest.mark.parametrize("loss", ["focal", "asymmetric"])
def test_extreme_logits_give_finite_losses_and_slopes(loss: Literal["focal", "asymmetric"]) -> None:
    logits = torch.tensor([[-90.0, 90.0, 0.0]], requires_grad=True)
    of = loss_for("many", NetworkConfig(loss=loss))

    value = of(logits, [Example(Text("", ""), (0,))])
    value.backward()  # type: ignore[no-untyped-call]

    assert torch.isfinite(value)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_cells_of_weight_zero_cost_nothing_under_any_loss() -> None:
    example = Example(Text("", ""), (0,), unlabelled_weight=0.0)
    certain = torch.tensor([[60.0, 60.0, 60.0]])

    losses = [binary_relevance_loss(certain, [example], cells) for cells in (plain_cells, _focal)]

    assert [loss.item() for loss in losses] == pytest.approx([0.0, 0.0], abs=1e-6)


def _focal(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return focal_cells(logits, targets, 2.0)


@pytest.mark.parametrize(
    "chosen",
    [
        {"loss": "focal"},
        {"loss": "asymmetric"},
        {"weighting": "sif"},
        {"embeddings": "frozen"},
        {"hierarchy_weight": 0.1},
    ],
    ids=str,
)
def test_every_option_learns_eight_examples(chosen: dict[str, Any], label_space: LabelSpace) -> None:
    examples = eight_examples()

    parts = trained(label_space, tuple(TagText(name) for name in label_space.tag_ids), **chosen)

    logits, _ = NetworkScorer(parts, 5, 1).logits([example.text for example in examples])
    assert logits.argmax(axis=1).tolist() == [example.labels[0] for example in examples]


@pytest.mark.parametrize("wrong", [{"loss": "hinge"}, {"weighting": "bm25"}, {"embeddings": "cold"}], ids=str)
def test_an_unknown_option_is_named(wrong: dict[str, Any], label_space: LabelSpace) -> None:
    (name,) = wrong

    with pytest.raises(ConfigInvalid, match=name):
        trained(label_space, **wrong)


def test_frozen_embeddings_stay_at_the_words_vectors(label_space: LabelSpace) -> None:
    parts = trained(label_space, embeddings="frozen")

    n_words, dim = parts.tensors["vectors"].shape
    table = parts.tensors["embedding"]
    assert np.array_equal(table[:n_words, :dim], parts.tensors["vectors"])
    assert not table[:, dim:].any()


def test_a_temperature_is_part_of_the_served_logits(label_space: LabelSpace) -> None:
    choice = LabelSpace(label_space.tag_ids, "one")
    texts = [example.text for example in eight_examples()]

    hot, plain = (trained(choice, temperature=t, label_smoothing=0.0, min_steps=40) for t in (20.0, 1.0))

    spans = [np.ptp(NetworkScorer(parts, 5, 1).logits(texts)[0], axis=1).mean() for parts in (hot, plain)]
    assert spans[0] < spans[1] / 2


def test_sif_weighs_by_the_share_of_occurrences() -> None:
    documents = [Tokens(("rare",), ("word",) * 9), Tokens((), ("word",) * 10)]
    space = fit_feature_space(documents, FeatureLimits(10, 10, 1, 2, 2.0))

    sif = weighted(space, documents, "sif")

    by_word = dict(zip(sif.words, sif.idf.tolist(), strict=False))
    assert by_word["word"] == pytest.approx(1e-3 / (1e-3 + 19 / 20), rel=1e-4)
    assert by_word["rare"] == pytest.approx(1e-3 / (1e-3 + 1 / 20), rel=1e-4)
    assert len(sif.pairs) == 1
    assert sif.idf[2] == pytest.approx(1e-3 / (1e-3 + 17 / 20), rel=1e-4)


def test_pairs_begin_half_way_between_their_words() -> None:
    space = fit_feature_space([Tokens((), ("a", "b"))] * 2, FeatureLimits(10, 10, 1, 2, 2.0))
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [9.0, 9.0]], np.float32)

    first = first_vectors(space, vectors)

    assert first.tolist() == [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]


def test_parents_are_found_by_name_and_never_guessed() -> None:
    texts = (*FAMILY, TagText("twin"), TagText("twin"), TagText("child", parents=("twin", "gone", "child")))

    found = parent_labels(texts)

    assert found == ((), (0,), (0,), (), (), ())


def test_the_distance_is_that_to_the_mean_of_the_children() -> None:
    kin = families(parent_labels(FAMILY))
    vectors = np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 0.0]], np.float32)

    distances = distance_to_children(vectors, kin)

    assert distances.tolist() == [1.0]
    assert hierarchy_loss(FAMILY, 0.5)(torch.from_numpy(vectors)).item() == pytest.approx(0.5)


def test_a_hierarchy_pulls_the_parent_to_its_children() -> None:
    space = LabelSpace(("code", "cooking", "ai", "sport", "making"))
    texts = [TagText(name, parents=("making",) if name in ("code", "cooking") else ()) for name in space.tag_ids]
    kin = families(parent_labels(texts))

    apart, near = (
        distance_to_children(_unnarrowed(trained(space, tuple(texts), hierarchy_weight=weight)), kin)[0]
        for weight in (0.0, 3.0)
    )

    assert near < apart / 2


def _unnarrowed(parts: ModelParts) -> Any:
    import onnx

    graph = onnx.load_from_string(parts.graphs["head.onnx"]).graph
    (weights,) = (each for each in graph.initializer if each.name == "out_weight")
    return onnx.numpy_helper.to_array(weights)


def test_tag_vectors_keep_inner_products_and_leave_unused_tags_out(label_space: LabelSpace) -> None:
    parts = trained(label_space)

    vectors = NetworkScorer(parts, 5, 1).tag_vectors()

    assert vectors is not None
    weights = _unnarrowed(parts)[:4]
    assert vectors[:4] @ vectors[:4].T == pytest.approx(weights @ weights.T, abs=0.02)
    assert not vectors[4].any()


def test_tag_vectors_are_narrowed_to_the_dimensions_asked_for() -> None:
    rng = np.random.default_rng(1)
    weights = (rng.normal(size=(30, 3)) @ rng.normal(size=(3, 50))).astype(np.float32)

    vectors = tag_vectors(weights, np.ones(30, np.int64), 3)

    assert vectors.shape == (30, 3)
    assert vectors @ vectors.T == pytest.approx(weights @ weights.T, abs=1e-2)
