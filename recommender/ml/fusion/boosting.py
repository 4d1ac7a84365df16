"""Gradient-boosted trees over pairs: trained with scikit-learn, kept as an ONNX graph, served by onnxruntime."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.examples import FloatArray, IntArray
from recommender.ml.fusion.config import BoostingConfig

_OPSET, _ML_OPSET, _IR_VERSION = 15, 3, 8
_MAX_BINS = 127
_PAIRS_FOR_THREADS = 200_000  # with fewer, threads that wait for each other cost more than they save


@dataclass(frozen=True)
class TrainingPairs:
    """Pairs to learn from: whether the tag is right, and how much the pair counts."""

    features: FloatArray  # (n_pairs, n_features)
    hits: NDArray[np.bool_]  # (n_pairs,)
    weights: FloatArray  # (n_pairs,)

    @property
    def has_both_kinds(self) -> bool:
        """Whether there is something to tell apart."""
        return bool(self.hits.any() and not self.hits.all())


@dataclass(frozen=True)
class Boosted:
    """The trees in memory while training; `columns` are the features that they were shown."""

    model: Any
    columns: IntArray
    threads: int

    def logits(self, features: FloatArray) -> FloatArray:
        """Log-odds that a pair is right, shape (n_pairs,)."""
        if len(features) == 0:
            return np.empty(0, np.float32)
        logits: FloatArray = self.model.decision_function(features[:, self.columns]).astype(np.float32)
        return logits

    def staged_logits(self, features: FloatArray) -> list[FloatArray]:
        """The log-odds after each tree, every one of shape (n_pairs,)."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(self.threads):
            stages = self.model.staged_decision_function(features[:, self.columns])
            return [stage.ravel().astype(np.float32) for stage in stages]

    def gains(self, n_features: int) -> FloatArray:
        """Share of each feature in the loss that the splits took away."""
        gains = np.zeros(n_features)
        for nodes in _trees(self.model):
            inner = nodes["is_leaf"] == 0
            np.add.at(gains, self.columns[nodes["feature_idx"][inner]], nodes["gain"][inner])
        shares: FloatArray = (gains / max(gains.sum(), 1e-12)).astype(np.float32)
        return shares


def boost(pairs: TrainingPairs, config: BoostingConfig, *, seed: int, threads: int) -> Boosted:
    """Fit the trees with log loss on the features that any pair has.

    Raises ValueError where all pairs are right or all are wrong.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    if pairs.hits.all() or not pairs.hits.any():
        raise ValueError("pairs of both kinds are wanted, right and wrong ones")
    model = HistGradientBoostingClassifier(
        learning_rate=config.learning_rate,
        max_iter=config.n_trees,
        max_leaf_nodes=config.leaves,
        min_samples_leaf=min(config.smallest_leaf, max(1, len(pairs.hits) // 20)),
        l2_regularization=config.l2,
        max_features=config.feature_share,
        max_bins=_MAX_BINS,
        early_stopping=False,
        random_state=seed,
    )
    threads = threads if len(pairs.hits) > _PAIRS_FOR_THREADS else 1
    columns = np.flatnonzero(~np.isnan(pairs.features).all(axis=0))
    with threadpool_limits(threads):
        model.fit(pairs.features[:, columns], pairs.hits, sample_weight=pairs.weights)
    return Boosted(model, columns, threads)


def as_graph(boosted: Boosted) -> bytes:
    """An ONNX graph: "features" (n_pairs, n_columns) to "logits" (n_pairs, 1)."""
    from onnx import TensorProto, helper

    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        ["logits"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function="SUM",
        post_transform="NONE",
        base_values=[float(boosted.model._baseline_prediction.ravel()[0])],
        **_ensemble(boosted.model),
    )
    graph = helper.make_graph(
        [node],
        "fusion",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, len(boosted.columns)])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [None, 1])],
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)]
    serialised: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION).SerializeToString()
    return serialised


class BoostedGraph:
    """Serves the trees; `columns` are the features that they want; safe to call from several threads."""

    def __init__(self, graph: bytes, columns: Sequence[int], threads: int) -> None:
        import onnxruntime

        self._columns = np.array(columns, np.int64)

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def logits(self, features: FloatArray) -> FloatArray:
        """Log-odds that a pair is right, shape (n_pairs,)."""
        if len(features) == 0:
            return np.empty(0, np.float32)
        (logits,) = self._session.run(None, {"features": features[:, self._columns]})
        result: FloatArray = logits.ravel()
        return result


def _trees(model: Any) -> list[NDArray[Any]]:
    """Structured arrays of nodes, one a tree (scikit-learn keeps them under a private name)."""
    return [predictors[0].nodes for predictors in model._predictors]


def _ensemble(model: Any) -> Mapping[str, Any]:
    """Attributes of ai.onnx.ml TreeEnsembleRegressor, all nodes of all trees one behind the other."""
    columns: dict[str, list[Any]] = {}
    for tree, nodes in enumerate(_trees(model)):
        leaf = nodes["is_leaf"].astype(bool)
        ids = np.arange(len(nodes))
        rows = {
            "nodes_treeids": np.full(len(nodes), tree),
            "nodes_nodeids": ids,
            "nodes_featureids": np.where(leaf, 0, nodes["feature_idx"]),
            "nodes_values": np.where(leaf, 0.0, _rounded_down(nodes["num_threshold"])),
            "nodes_truenodeids": np.where(leaf, 0, nodes["left"]),
            "nodes_falsenodeids": np.where(leaf, 0, nodes["right"]),
            "nodes_missing_value_tracks_true": np.where(leaf, 0, nodes["missing_go_to_left"]),
            "target_treeids": np.full(int(leaf.sum()), tree),
            "target_nodeids": ids[leaf],
            "target_ids": np.zeros(int(leaf.sum()), np.int64),
            "target_weights": nodes["value"][leaf],
        }
        for name, values in rows.items():
            columns.setdefault(name, []).append(values)
        columns.setdefault("nodes_modes", []).append(np.where(leaf, "LEAF", "BRANCH_LEQ"))
    return {name: np.concatenate(values).tolist() for name, values in columns.items()}


def _rounded_down(thresholds: NDArray[np.float64]) -> FloatArray:
    """As float32 that no float32 below or at the threshold exceeds: `x <= t` stays what it was."""
    rounded = thresholds.astype(np.float32)
    down = np.nextafter(rounded, np.float32(-np.inf))
    exact: FloatArray = np.where(rounded.astype(np.float64) > thresholds, down, rounded)
    return exact
