"""The abilities as one Markdown page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.abilities.calibration import TARGETS
from benchmarks.compare.results import Figures

_INTRODUCTION = """# Abilities

Written by `python -m benchmarks.abilities` from `abilities.csv`; what is measured and how stands in
[benchmarks](../README.md). – : not measured.
"""
_TARGET = "{precision*:.3f} / {recall*:.3f} ({suggestions*:,.0f})"


@dataclass(frozen=True)
class _Section:
    """Columns are a title and how to write the figures, as in `str.format`."""

    title: str
    about: str
    columns: Mapping[str, str]


_SECTIONS = (
    _Section(
        "Calibration",
        "Expected calibration error in 15 equal bins: over the five surest suggestions of each test document, and over "
        "all cells with a probability of 0.001 or more. In brackets: what as many cells would have on average if every "
        "probability were exactly true.",
        {
            "documents": "{test_documents:,.0f}",
            "tag uses": "{test_tag_uses:,.0f}",
            "ECE, top 5": "{ece_top_5:.4f} ({ece_top_5_by_chance:.4f})",
            "ECE, cells": "{ece_cells:.4f} ({ece_cells_by_chance:.4f})",
            "mean probability, top 5": "{mean_probability_top_5:.4f}",
            "precision, top 5": "{precision_top_5:.4f}",
        },
    ),
    _Section(
        "Precision targets",
        "The suggestions over their tags' thresholds: precision / recall (their number).",
        {f"target {target}": _TARGET.replace("*", f"_at_target_{round(100 * target)}") for target in TARGETS},
    ),
    _Section(
        "Tags without an example",
        "R@10 of the hidden tags on the test documents that bear one: in the vocabulary from the start, added after "
        "the training, and by their names in the text alone.",
        {
            "hidden tags": "{hidden_tags:,.0f}",
            "documents": "{hidden_documents:,.0f}",
            "known": "{hidden_recall_at_10_known:.3f}",
            "added": "{hidden_recall_at_10_added:.3f}",
            "names alone": "{hidden_recall_at_10_lexical:.3f}",
        },
    ),
    _Section(
        "One tag given",
        "nDCG@5 of the remaining tags of documents with two or more, and the gain with its 95 % interval (paired "
        "bootstrap over documents, 2,000 resamples).",
        {
            "documents": "{given_documents:,.0f}",
            "not given": "{given_ndcg_at_5_without:.4f}",
            "given": "{given_ndcg_at_5_with:.4f}",
            "gain": "{given_gain:+.4f} ({given_gain_low:+.4f} … {given_gain_high:+.4f})",
        },
    ),
    _Section(
        "Explanations",
        "Share of the cases in which the logit falls more without the three words of the explanation than without "
        "three others (equal falls count as failures), and by how much it falls on average.",
        {
            "cases": "{deletion_cases:,.0f}",
            "share": "{deletion_share:.3f}",
            "equal": "{deletion_ties:.3f}",
            "without an explaining word": "{deletion_without_words:.3f}",
            "fall": "{deletion_fall:.2f}",
            "fall by others": "{deletion_fall_of_others:.2f}",
        },
    ),
    _Section(
        "Training",
        "Costs of one training; whether a second one with the same seed gave the same digest (1) or not (0).",
        {
            "CPU s": "{train_cpu_seconds:,.0f}",
            "peak MB": "{peak_memory_mb:,.0f}",
            "bundle MB": "{model_mb:.1f}",
            "same digest": "{same_digest:.0f}",
        },
    ),
)


def page(figures: Figures) -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION, *(_written(section, figures) for section in _SECTIONS)])


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def cell(layout: str, some: Mapping[str, float]) -> str:
    """The figures in their layout, or a dash where one is missing."""
    try:
        return layout.format_map(some)
    except KeyError:
        return "–"


def _written(section: _Section, figures: Figures) -> str:
    rows = [(*pair, *(cell(each, some) for each in section.columns.values())) for pair, some in sorted(figures.items())]
    return f"## {section.title}\n\n{section.about}\n\n{markdown(('set', 'recipe', *section.columns), rows)}"
