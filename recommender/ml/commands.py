"""What the command line does: train, predict and evaluate from and to files."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from recommender.ml.bundles import open_bundle, save_bundle
from recommender.ml.examples import BoolArray, IntArray, LabelSpace, label_counts, label_matrix
from recommender.ml.file_arguments import with_files_of_folder
from recommender.ml.json_lines import (
    TaggedDocument,
    as_examples,
    read_documents,
    read_exclusive_groups,
    read_predictions,
    read_tag_texts,
    write_rows,
)
from recommender.ml.metrics import (
    hit_rate_at_k,
    inverse_propensities,
    mean_reciprocal_rank,
    ndcg_at_k,
    precision_at_k,
    psp_at_k,
    recall_at_k,
)
from recommender.ml.ranker import Ranker
from recommender.ml.recipes import config_from_json
from recommender.ml.tag_texts import TagText
from recommender.ml.training import train_ranker

_BATCH = 64
_N_RANKED = 10


def train(chosen: argparse.Namespace) -> None:
    """Train on files and write a bundle; its tags are those of --tags, then those of the training file."""
    chosen = with_files_of_folder(chosen, {"train": "train", "dev": "dev", "tags": "tags"}, optional="tags")
    documents = list(read_documents(chosen.train))
    named = read_tag_texts(chosen.tags) if chosen.tags else {}
    used = sorted({tag for document in documents for tag in document.tags})
    groups = read_exclusive_groups(chosen.tags) if chosen.tags else []
    label_by_name = {name: label for label, name in enumerate(named)}
    exclusive = tuple(tuple(label_by_name[name] for name in group) for group in groups)
    label_space = LabelSpace(tuple(named), chosen.mode, exclusive).extended(used)
    with tqdm(total=100, bar_format="{desc} {percentage:3.0f}%|{bar}| {elapsed}", file=sys.stderr) as bar:
        trained = train_ranker(
            chosen.recipe,
            train=as_examples(documents, label_space),
            dev=as_examples(list(read_documents(chosen.dev)), label_space),
            label_space=label_space,
            config=config_from_json(chosen.recipe, json.loads(chosen.config)),
            seed=chosen.seed,
            tag_texts=[named.get(name) or TagText(name) for name in label_space.tag_ids],
            on_progress=lambda stage, fraction: _show(bar, stage, fraction),
        )
    manifest = save_bundle(trained, chosen.out)
    _say(
        {
            "bundle": str(chosen.out),
            "digest": manifest.digest,
            "recipe": trained.recipe,
            "tags": label_space.n_labels,
            "documents": trained.n_train,
            "choice": [dict(reason) for reason in trained.parts.report.get("choice", [])],
            "dev": trained.parts.report.get("dev", {}),
        }
    )


def predict(chosen: argparse.Namespace) -> None:
    """Write the best tags of every document with their probabilities."""
    chosen = with_files_of_folder(chosen, {"input": "test"}, optional="")
    write_rows(chosen.output, _predicted(open_bundle(chosen.bundle), chosen))


def evaluate(chosen: argparse.Namespace) -> None:
    """Print the measures of a predictions file as one JSON object."""
    chosen = with_files_of_folder(chosen, {"gold": "test", "train": "train"}, optional="train")
    documents = [document for document in read_documents(chosen.gold) if document.tags]
    predictions = read_predictions(chosen.predictions)
    names = {tag for document in documents for tag in document.tags}
    names |= {name for ranked in predictions.values() for name, _ in ranked}
    label_space = LabelSpace(tuple(sorted(names)))
    gold = label_matrix(as_examples(documents, label_space), label_space.n_labels) > 0
    padded = np.concatenate([gold, np.zeros((len(gold), 1), np.bool_)], axis=1)
    ranked = _ranked(documents, predictions, label_space)
    figures = _figures(padded, ranked)
    if chosen.train:
        figures["PSP@5"] = _psp_at_5(padded, ranked, label_space, list(read_documents(chosen.train)))
    _say({name: round(value, 4) for name, value in figures.items()} | {"documents": len(documents)})


def _say(report: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n")


def _show(bar: Any, stage: str, fraction: float) -> None:
    bar.set_description(stage, refresh=False)
    bar.update(max(0.0, 100 * fraction - bar.n))


def _predicted(ranker: Ranker, chosen: argparse.Namespace) -> Iterator[dict[str, Any]]:
    documents = list(read_documents(chosen.input))
    with tqdm(total=len(documents), unit="document", file=sys.stderr) as bar:
        for start in range(0, len(documents), _BATCH):
            some = documents[start : start + _BATCH]
            rankings = ranker.rank([document.text for document in some], limit=chosen.limit)
            for document, ranking in zip(some, rankings, strict=True):
                names = [ranker.label_space.tag_ids[label] for label in ranking.labels]
                scores = [round(float(chance), 6) for chance in ranking.probabilities]
                yield {"id": document.document_id, "tags": list(zip(names, scores, strict=True))}
            bar.update(len(some))


def _ranked(
    documents: Sequence[TaggedDocument],
    predictions: dict[str, list[tuple[str, float]]],
    label_space: LabelSpace,
) -> IntArray:
    """Predicted labels, best first, shape (n_documents, n_ranked); the last column's label means nothing."""
    label_of = label_space.label_by_tag_id
    lists = []
    for document in documents:
        names = dict.fromkeys(name for name, _ in predictions.get(document.document_id, []))
        lists.append([label_of[name] for name in names])
    width = max([_N_RANKED, *(len(some) for some in lists)])
    ranked = np.full((len(lists), width), label_space.n_labels, np.int64)
    for row, some in enumerate(lists):
        ranked[row, : len(some)] = some
    return ranked


def _figures(gold: BoolArray, ranked: IntArray) -> dict[str, float]:
    values = {f"P@{k}": precision_at_k(gold, ranked, k) for k in (1, 3, 5)}
    values |= {f"nDCG@{k}": ndcg_at_k(gold, ranked, k) for k in (1, 3, 5)}
    values |= {f"R@{k}": recall_at_k(gold, ranked, k) for k in (5, 10)}
    values |= {f"HR@{k}": hit_rate_at_k(gold, ranked, k) for k in (5, 10)}
    values["MRR"] = mean_reciprocal_rank(gold, ranked)
    return {name: float(np.nanmean(each)) if len(each) else 0.0 for name, each in values.items()}


def _psp_at_5(gold: BoolArray, ranked: IntArray, label_space: LabelSpace, documents: Sequence[TaggedDocument]) -> float:
    counts = label_counts(as_examples(documents, label_space), label_space.n_labels)
    weights = inverse_propensities(np.append(counts, 0), len(documents))
    return psp_at_k(gold, ranked, weights, 5)
