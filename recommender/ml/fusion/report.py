"""The fusion's training report as JSON: what was chosen and why, the parts, what each is worth."""

from dataclasses import replace
from typing import Any

import numpy as np

from recommender.ml.examples import FloatArray
from recommender.ml.fusion.learnt_pairs import LearntPairs, ndcg_at_5
from recommender.ml.fusion.scored_sources import FEATURES, FEATURES_BY_PART
from recommender.ml.fusion.training import Fitted, FusionTraining

_ABLATION_TREES = 80
_ABLATION_PARTS = 3
_MAX_ABLATION_PAIRS = 150_000


def training_report(training: FusionTraining, fitted: Fitted) -> dict[str, Any]:
    """See the keys below; figures of dev come from trees that did not see the document."""
    gains = fitted.boosted.gains(len(FEATURES))
    order = np.argsort(-gains, kind="stable")
    return {
        "dev": {"ndcg_at_5": ndcg_at_5(fitted.dev, fitted.dev_logits), "documents": fitted.dev.table.n_texts},
        "fusion": {
            "n_pairs": len(fitted.dev.hits) + fitted.n_crossfitted_pairs,
            "n_trees": fitted.n_trees,
            "gains": [{"feature": FEATURES[f], "share": float(gains[f])} for f in order if gains[f] > 0],
        },
        "parts": _parts(fitted),
        "search": fitted.search,
        "ablation": _ablation(training, fitted),
    }


def _parts(fitted: Fitted) -> list[dict[str, Any]]:
    sizes: dict[str, int] = {}
    network = {} if fitted.network is None else fitted.network.tensors
    for name, tensor in {**fitted.sources.tensors(), **network}.items():
        part = name.split(".", maxsplit=1)[0]
        sizes[part] = sizes.get(part, 0) + int(tensor.nbytes)
    return [{"name": part, "bytes": size} for part, size in sizes.items()]


def _ablation(training: FusionTraining, fitted: Fitted) -> list[dict[str, Any]]:
    """Smaller fusions without one part each, all learnt on the same two thirds of dev and measured on the rest."""
    dev = fitted.dev
    held_out = fitted.dev_siblings % _ABLATION_PARTS == 0
    learnt, measured = dev.of_texts(np.flatnonzero(~held_out)), dev.of_texts(np.flatnonzero(held_out))
    whole = _ndcg_without(training, learnt, measured, ())
    if whole is None:
        return []
    rows = [{"without": "nothing", "ndcg_at_5": whole, "difference": 0.0}]
    for part, names in FEATURES_BY_PART.items():
        columns = [FEATURES.index(name) for name in names]
        if np.isnan(dev.table.features[:, columns]).all():
            continue
        figure = _ndcg_without(training, learnt, measured, names)
        if figure is not None:
            rows.append({"without": part, "ndcg_at_5": figure, "difference": figure - whole})
    return rows


def _ndcg_without(
    training: FusionTraining, learnt: LearntPairs, measured: LearntPairs, names: tuple[str, ...]
) -> float | None:
    kept = [place for place, name in enumerate(FEATURES) if name not in names]
    stride = -(-len(learnt.hits) // _MAX_ABLATION_PAIRS)
    pairs = training.weighed(None, learnt)
    pairs = replace(
        pairs,
        features=pairs.features[::stride][:, kept],
        hits=pairs.hits[::stride],
        weights=pairs.weights[::stride],
    )
    if not pairs.has_both_kinds or not measured.hits.any():
        return None
    config = replace(training.config.boosting, n_trees=_ABLATION_TREES)
    logits: FloatArray = training.boosted(pairs, config).logits(measured.table.features[:, kept])
    return ndcg_at_5(measured, logits)
