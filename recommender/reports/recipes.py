"""The recipes in words: what each is for, what each of its settings does, which of them somebody has changed.

Names, types and defaults come from the recipes' own dataclasses; the words here are added to what is found there, and a
setting without words is shown by its name.
"""

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from recommender import ml

Path = tuple[str, ...]

EXPLANATIONS: Mapping[str, Any] = {
    "auto": _(
        "Looks at vocabulary and documents, trains several parts and learns how to combine them; "
        "the report says what was chosen and why."
    ),
    "fusion": _(
        "Regression over words, similar documents, names of tags and more, weighed by boosted trees: the most exact "
        "one, also for rare tags and for tags without any document."
    ),
    "fasttext-cnn-mlp": _(
        "Word vectors learnt from your own texts, a convolution and a multi-layer perceptron: good from some "
        "thousands of documents on; minutes to train."
    ),
    "tfidf-logreg": _(
        "One logistic regression for each tag over weighted words: quick and plain, the baseline of every report."
    ),
}


@dataclass(frozen=True)
class Note:
    """What a setting does, and the ends of what makes sense."""

    text: Any
    least: float | None = None
    most: float | None = None


NOTES: Mapping[str, Note] = {
    "max_tokens": Note(_("Words of a text that are read; of a longer one its head and tail."), 1),
    "sequence_tokens": Note(_("Words that the convolution reads in their order."), 1),
    "max_words": Note(_("Different words that the model may know, the most frequent ones."), 1),
    "max_pairs": Note(_("Different pairs of neighbouring words that the model may know."), 0),
    "min_word_documents": Note(_("Documents in which a word must stand to be known."), 1),
    "min_pair_documents": Note(_("Documents in which a pair must stand to be known."), 1),
    "title_weight": Note(_("How much a word of the title counts beside one of the body."), 0),
    "inverse_regularisation": Note(_("Larger values fit the documents more closely."), 0),
    "passes": Note(_("How often training goes through the documents."), 1),
    "min_updates": Note(_("Steps of training at least, however few the documents are."), 0),
    "smallest_coefficient": Note(_("Smaller weights are left out of the bundle."), 0),
    "max_cells": Note(_("Tags × documents at most: beyond that only the most used tags have a regression."), 1),
    "threads": Note(_("Processor threads; at the default, what the installation's TRAINING_THREADS says."), 1),
    "embedding_dim": Note(_("Numbers in the vector of a word."), 1),
    "filter_widths": Note(_("Words that each kind of filter sees at once; odd numbers."), 1),
    "n_filters": Note(_("Filters of each width."), 1),
    "hidden_sizes": Note(_("Units in each hidden layer."), 1),
    "output_sees_bag": Note(_("The output layer sees the words themselves beside the last hidden layer.")),
    "dropout": Note(_("Share of hidden units that each step of training leaves out."), 0, 0.95),
    "bag_dropout": Note(_("Share of the normalised input that each step leaves out."), 0, 0.95),
    "feature_dropout": Note(_("Share of a document's words that each step leaves out."), 0, 0.95),
    "label_smoothing": Note(_("How far training stays away from certainty."), 0, 0.5),
    "learning_rate": Note(_("How large the steps of training are."), 0),
    "embedding_learning_rate": Note(_("The same for the vectors of words."), 0),
    "weight_decay": Note(_("How strongly weights are drawn to zero."), 0),
    "batch_size": Note(_("Documents in one step."), 1),
    "min_steps": Note(_("Steps of training at least, however few the documents are."), 0),
    "epochs": Note(_("How often training goes through the documents at most."), 1),
    "patience": Note(_("Epochs without improvement after which training stops."), 0),
    "dim": Note(_("Numbers in the vector of a word."), 1),
    "window": Note(_("Words to each side that count as neighbours."), 1),
    "negatives": Note(_("Random words against which each neighbour is learnt."), 1),
    "min_count": Note(_("How often a word must stand in the corpus to get a vector."), 1),
    "shortest_subword": Note(_("Letters of the shortest part of a word."), 1),
    "longest_subword": Note(_("Letters of the longest part of a word."), 1),
    "buckets": Note(_("Slots that the parts of words share."), 1),
    "subsampling": Note(_("Frequency from which words are skipped at random."), 0),
    "skipgram.epochs": Note(_("How often the vectors of words are learnt through all texts."), 1),
    "skipgram.threads": Note(_("More than one is quicker, and no longer gives the same vectors twice."), 1),
    "penalty": Note(_("How strongly weights are drawn to zero."), 0),
    "max_documents": Note(_("Documents up to which the regression is solved document by document."), 1),
    "max_features": Note(_("Beyond that, the words and pairs that it looks at, the most frequent ones."), 1),
    "max_labels": Note(_("Tags that have a regression of their own, the most used ones."), 1),
    "most_labels": Note(_("Tags in use beyond which none has a regression."), 1),
    "enough_dev_documents": Note(
        _("Documents kept for choosing from which on they alone teach how to weigh the sources."), 1
    ),
    "max_entries": Note(_("Weights that the bundle keeps at most."), 1),
    "smallest_weight": Note(_("Smaller weights are left out of the bundle."), 0),
    "features_a_document": Note(_("Words of each document that are kept to find it as a similar one."), 1),
    "label_trees": Note(_("Trees of tags: auto (where not every tag has a regression), yes or no.")),
    "network": Note(_("A small neural network as one more source: auto (where enough can be learnt), yes or no.")),
    "network_dev_documents": Note(_("Documents kept for choosing from which on the network joins."), 1),
    "network_labels": Note(_("Tags in use up to which the network joins."), 1),
    "crossfit_folds": Note(
        _("Parts of the documents that teach how to weigh the sources, each seen by none of them."), 2
    ),
    "crossfit_documents": Note(_("Documents at most that teach how to weigh the sources."), 1),
    "dev_weight": Note(_("How much the documents kept for choosing count beside them."), 0),
    "n_trees": Note(_("Trees that weigh the sources."), 1),
    "leaves": Note(_("Leaves of each tree."), 2),
    "smallest_leaf": Note(_("Pairs of document and tag that a leaf must hold."), 1),
    "l2": Note(_("How strongly the values of leaves are drawn to zero."), 0),
    "feature_share": Note(_("Share of the features that each split may choose from."), 0.01, 1),
    "encoder": Note(_("Folder or package with a text encoder as one more source; empty is none.")),
    "source": Note(_("Folder or package with the text encoder.")),
    "landmarks": Note(_("Documents that the regression on the encoder's vectors compares a text with."), 1),
    "sharpness": Note(_("How quickly the likeness of two vectors falls with the angle between them."), 0),
    "two_towers": Note(_("Vectors of texts and tags learnt together as one more source: yes or no.")),
    "pooling": Note(_("How words become one vector: mean or cls.")),
    "quantised": Note(_("Weights in 8 bits: a quarter of the size, nearly the same vectors.")),
    "fine_tune": Note(_("What the encoder learns from your documents: frozen (nothing), contrastive or tags.")),
    "tuning_tokens": Note(_("Words of a text that are read while the encoder learns."), 1),
    "temperature": Note(_("Scores are divided by it before they are compared: smaller values are sharper."), 0),
    "loss": Note(
        _(
            "What training makes small where several tags may be right: of the regression log or squared-hinge "
            "(a support vector machine), of the network binary, focal or asymmetric."
        )
    ),
    "focusing": Note(_("Focal loss: how little the easy cases count."), 0),
    "positive_focusing": Note(_("Asymmetric loss: how little tags count that are easily found."), 0),
    "negative_focusing": Note(_("Asymmetric loss: how little tags count that are easily ruled out."), 0),
    "clip": Note(_("Asymmetric loss: probability below which a wrong tag counts nothing."), 0, 1),
    "weighting": Note(
        _("How the words of a text are weighted: tf-idf, sif or textrank (tf-idf, central words counting more).")
    ),
    "embeddings": Note(_("Vectors of words learn with the classifier (tuned) or stay as they are (frozen).")),
    "head": Note(
        _("Tags that are scored: all (wide), or those of the likeliest clusters (two-stage; above 500 tags).")
    ),
    "picked_clusters": Note(_("Two-stage: clusters of 32 to 63 tags that are scored for a text."), 1),
    "hierarchy_weight": Note(_("How strongly a broader tag is held near its narrower ones; 0 is not at all."), 0),
    "search": Note(_("Training tries a few settings on the documents kept for choosing.")),
    "time_budget_seconds": Note(_("Seconds that the search for better settings may take."), 0),
}


@dataclass(frozen=True)
class Setting:
    """One setting of a recipe: where it stands among its settings, its type as annotated, its default."""

    path: Path
    kind: Any
    default: Any

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def note(self) -> Note:
        """Words for just this setting, else for any setting of the name."""
        return NOTES.get(self.name) or NOTES.get(self.path[-1], Note(""))

    @property
    def group(self) -> Path:
        """The nested groups that it stands in."""
        return self.path[:-1]


def explained_recipe(name: str) -> dict[str, Any]:
    """A recipe's name with its sentence; one that this program does not know goes without."""
    return {"name": name, "text": EXPLANATIONS.get(name, "")}


@cache
def settings_of(recipe: str) -> tuple[Setting, ...]:
    """Every setting of the recipe in the order of its dataclass, those of nested groups one by one."""
    return tuple(settings_in(ml.default_config(recipe)))


def settings_in(config: Any, above: Path = ()) -> Iterator[Setting]:
    """Every field of a settings dataclass, those of nested ones in their place."""
    kinds = typing.get_type_hints(type(config))
    for each in fields(config):
        path, value = (*above, each.name), getattr(config, each.name)
        if is_dataclass(value):
            yield from settings_in(value, path)
        else:
            yield Setting(path, kinds[each.name], value)


def settings_that_differ(recipe: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Stored settings that are not the recipe's defaults, by dotted name; unknown ones are told as they are."""
    try:
        defaults = {setting.name: plain(setting.default) for setting in settings_of(recipe)}
    except ml.RecipeUnknown:
        defaults = {}
    stored = dict(_flat(config, ()))
    return {name: value for name, value in stored.items() if name not in defaults or defaults[name] != plain(value)}


def nested(values: Mapping[Path, Any]) -> dict[str, Any]:
    """Values by path as nested mappings, as `ml.config_from_json` takes them."""
    tree: dict[str, Any] = {}
    for path, value in values.items():
        inner = tree
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = value
    return tree


def stored_value(config: Any, path: Path) -> Any:
    """The value that stands at the path in stored settings; None where nothing does."""
    for name in path:
        config = config.get(name) if isinstance(config, Mapping) else None
    return config


def plain(value: Any) -> Any:
    """The value as JSON holds it."""
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def is_optional(kind: Any) -> bool:
    """Whether the annotation allows None."""
    return typing.get_origin(kind) in (typing.Union, types.UnionType) and type(None) in typing.get_args(kind)


def _flat(config: Mapping[str, Any], above: Path) -> Iterator[tuple[str, Any]]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, (*above, name))
        else:
            yield ".".join((*above, name)), value
