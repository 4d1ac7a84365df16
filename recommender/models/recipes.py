"""The recipes that a vocabulary can choose, and what people call them."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from recommender import ml

BASELINE = "tfidf-logreg"
"""The recipe that every report shows beside its own, and that goes live first because it is quick."""

DEFAULT_RECIPE = "auto"

RECIPE_LABELS = {
    "auto": _("automatic choice"),
    "fusion": _("fusion of several sources"),
    "fasttext-cnn-mlp": _("FastText + CNN + MLP"),
    BASELINE: _("per-tag logistic regression over TF-IDF"),
}


def recipe_label(recipe: str) -> Any:
    """What people call the recipe; its own name where it has no other."""
    return RECIPE_LABELS.get(recipe, recipe)


def recipe_choices() -> list[tuple[str, Any]]:
    """The recipes that recommender.ml can train, the baseline last."""
    return [(recipe, recipe_label(recipe)) for recipe in reversed(ml.recipe_names())]
