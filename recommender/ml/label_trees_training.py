"""Trains label trees with omikuji in a child process: `python -m recommender.ml.label_trees_training FOLDER`.

The child reads `settings.json` and `data.txt` in FOLDER and leaves `forest.npz` there. A process of its own
can be cancelled, its memory goes back with it, and omikuji's log stays out of ours.
"""

import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.ml.child_process import ChildFailed, run_module
from recommender.ml.errors import MLError
from recommender.ml.examples import IntArray
from recommender.ml.label_trees import ROWS_AN_ANCHOR

_PROGRESS = re.compile(rb"\r(\d+) / (\d+) \[")
Arrays = dict[str, NDArray[Any]]
Node = dict[str, Any]


class TreesFailed(MLError):
    """The omikuji process ended without trees: its own last words are in the message."""


@dataclass(frozen=True)
class LabelTreeSettings:
    """Bonsai by default: few layers, wide, clusters of any size. `balanced` with arity 2 and depth 20 is Parabel.

    Weights of at most `smallest_weight` are left out. There is no seed: omikuji draws from the operating
    system, so two runs differ, whatever the threads.
    """

    n_trees: int = 3
    arity: int = 100
    max_depth: int = 3
    leaf_size: int = 100  # nodes of at least so many labels are split, above the depth limit
    balanced: bool = False
    smallest_weight: float = 0.1
    threads: int = 1


def train_label_trees(
    matrix: sparse.csr_matrix,
    labels: sparse.csr_matrix,
    settings: LabelTreeSettings,
    *,
    on_progress: Callable[[float], None],
) -> Arrays:
    """The arrays of a `label_trees.Forest`.

    `matrix` holds L2-normalised TF-IDF weights, shape (n_documents, n_features), `labels` is not zero where a
    document bears a label, shape (n_documents, n_labels). An exception raised by `on_progress` (which is
    given a fraction) ends the child and comes out. Raises TreesFailed when the child fails.
    """
    if labels.nnz == 0:
        return _joined([_flat_tree({"Leaf": {"labels": [], "weights": _no_weights()}})])
    with tempfile.TemporaryDirectory(prefix="label-trees-") as name:
        folder = Path(name)
        write_data(folder / "data.txt", matrix, labels)
        (folder / "settings.json").write_text(json.dumps(asdict(settings)), encoding="utf-8")
        try:
            run_module("recommender.ml.label_trees_training", folder, fraction_done=_fraction, on_progress=on_progress)
        except ChildFailed as error:
            raise TreesFailed(f"omikuji {error}") from error
        with np.load(folder / "forest.npz") as arrays:
            return dict(arrays)


def write_data(path: Path, matrix: sparse.csr_matrix, labels: sparse.csr_matrix) -> None:
    """The text form of the Extreme Classification Repository: `label,label feature:weight …`."""
    with path.open("w", encoding="ascii") as lines:
        lines.write(f"{matrix.shape[0]} {matrix.shape[1]} {labels.shape[1]}\n")
        for row in range(matrix.shape[0]):
            mine = labels.indices[labels.indptr[row] : labels.indptr[row + 1]].tolist()
            entries = slice(matrix.indptr[row], matrix.indptr[row + 1])
            features, weights = matrix.indices[entries].tolist(), matrix.data[entries].tolist()
            pairs = [number for pair in zip(features, weights, strict=True) for number in pair]
            lines.write(",".join(map(str, mine)) + (" %d:%.6g" * len(features)) % tuple(pairs) + "\n")


def _fraction(output: bytes) -> float:
    """Classifiers trained of those known to be needed; each split adds some."""
    seen = _PROGRESS.findall(output)
    return int(seen[-1][0]) / max(int(seen[-1][1]), 1) if seen else 0.0


def converted(model: Path) -> Arrays:
    """The arrays of a `label_trees.Forest` from the folder that omikuji saved a model in."""
    import cbor2

    trees = []
    for path in sorted(model.glob("tree*.cbor")):
        with path.open("rb") as file:
            trees.append(_flat_tree(cbor2.load(file)))
    return _joined(trees)


def _joined(trees: list[Arrays]) -> Arrays:
    """One forest of trees whose nodes, slots, rows and entries are each numbered from 0."""
    n_nodes = np.cumsum([0, *(len(tree["is_leaf"]) for tree in trees)])
    targets = [
        np.where(np.repeat(tree["is_leaf"], np.diff(tree["slot_starts"])), tree["targets"], tree["targets"] + first)
        for tree, first in zip(trees, n_nodes, strict=False)
    ]
    slots = np.concatenate([tree["slots"] for tree in trees])
    first_entries = _joined_starts([tree["entry_starts"] for tree in trees])
    anchors = first_entries[::ROWS_AN_ANCHOR]
    since_anchor = first_entries - np.repeat(anchors, ROWS_AN_ANCHOR)[: len(first_entries)]
    joined = {
        "roots": n_nodes[:-1],
        "slot_starts": _joined_starts([tree["slot_starts"] for tree in trees]),
        "targets": np.concatenate(targets),
        "row_starts": _joined_starts([tree["row_starts"] for tree in trees]),
        "features": np.concatenate([tree["features"] for tree in trees]),
        "anchors": anchors,
    }
    return {name: array.astype(np.int32) for name, array in joined.items()} | {
        "is_leaf": np.concatenate([tree["is_leaf"] for tree in trees]),
        "entry_starts": _narrow(since_anchor),
        "slots": _narrow(slots),
        "weights": np.concatenate([tree["weights"] for tree in trees]).astype(np.float16),
    }


def _narrow(numbers: IntArray) -> NDArray[np.unsignedinteger[Any]]:
    """The same numbers in the fewest bytes that hold the largest."""
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))))


def _joined_starts(starts: list[IntArray]) -> IntArray:
    return np.concatenate([[0], np.cumsum(np.concatenate([np.diff(some) for some in starts]))])


def _main(folder: Path) -> None:
    """The child."""
    import omikuji

    settings = LabelTreeSettings(**json.loads((folder / "settings.json").read_text(encoding="utf-8")))
    try:
        model = omikuji.Model.train_on_data(str(folder / "data.txt"), hyper_parameters(settings), settings.threads)
    except RuntimeError as error:  # omikuji has already logged the reason
        sys.exit(str(error))
    model.save(str(folder / "model"))
    del model
    np.savez(folder / "forest.npz", allow_pickle=False, **converted(folder / "model"))


def hyper_parameters(settings: LabelTreeSettings) -> Any:
    """The settings under omikuji's names."""
    import omikuji

    hyper = omikuji.Model.default_hyper_param()
    hyper.n_trees = settings.n_trees
    hyper.max_depth = settings.max_depth
    hyper.cluster_k = settings.arity
    hyper.cluster_balanced = settings.balanced
    hyper.min_branch_size = max(settings.leaf_size, settings.arity)
    hyper.linear_weight_threshold = settings.smallest_weight
    return hyper


def _flat_tree(root: Node) -> Arrays:
    """One tree as serde writes it (`{"Branch": {weights, children}}` or `{"Leaf": {weights, labels}}`)."""
    nodes = list(_breadth_first(root))
    n_slots = [len(targets) for _, targets, _ in nodes]
    rows, n_entries, slots, weights = zip(*(_rows(node["weights"]) for node, _, _ in nodes), strict=True)
    return {
        "is_leaf": np.array([is_leaf for _, _, is_leaf in nodes], np.bool_),
        "slot_starts": np.cumsum([0, *n_slots]),
        "targets": np.concatenate([targets for _, targets, _ in nodes]),
        "row_starts": np.cumsum([0, *map(len, rows)]),
        "features": np.concatenate(rows),
        "entry_starts": np.cumsum(np.concatenate([[0], *n_entries])),
        "slots": np.concatenate(slots),
        "weights": np.concatenate(weights),
    }


def _breadth_first(root: Node) -> Iterator[tuple[Node, IntArray, bool]]:
    """Each node with the targets of its slots, and whether it is a leaf."""
    queue = [root]
    for node in queue:
        ((kind, content),) = node.items()
        children = content.get("children", [])
        first = len(queue)
        queue += children
        targets = content["labels"] if kind == "Leaf" else range(first, first + len(children))
        yield content, np.array(targets, np.int64), kind == "Leaf"


def _rows(stored: Node) -> tuple[IntArray, IntArray, IntArray, NDArray[np.float32]]:
    """Features with weights, how many weights each has, their slots and values, of one node's matrix."""
    ((kind, content),) = stored.items()
    data = np.array(content["data"], np.float32)
    if kind == "Sparse":
        features, starts = np.array(content["outer_inds"], np.int64), np.array(content["indptr"], np.int64)
        return features, np.diff(starts), np.array(content["inner_inds"], np.int64), data
    dense = data.reshape(content["dim"])
    rows, slots = np.nonzero(dense)
    features, n_entries = np.unique(rows, return_counts=True)
    return features, n_entries, slots, dense[rows, slots]


def _no_weights() -> Node:
    return {"Sparse": {"outer_inds": [], "indptr": [0], "inner_inds": [], "data": []}}


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
