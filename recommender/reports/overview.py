"""What the report page shows, part by part; a part that cannot be read says so and leaves the others standing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from recommender import ml
from recommender.reports.charts import (
    Chart,
    ablation_chart,
    band_name,
    bands_chart,
    gains_chart,
    headline_chart,
    parts_chart,
    reliability_chart,
    search_chart,
    threshold_chart,
)
from recommender.reports.figures import (
    Suggested,
    at_own_thresholds,
    bands,
    lowest_threshold,
    reliability,
    threshold_curve,
)
from recommender.reports.measures import figures_context
from recommender.reports.recipes import explained_recipe, settings_that_differ
from recommender.reports.source import UNKNOWN_THRESHOLD, Reported
from recommender.reports.tag_rows import worst_rows
from recommender.reports.training_report import TrainingReport
from tagplatform.common.errors import DomainError

TARGETS = (0.7, 0.8, 0.9)
N_WORST = 15


@dataclass(frozen=True)
class Target:
    """A precision that somebody wants, and what it costs in recall; `point` is None where it is out of reach."""

    precision: float
    is_own: bool
    point: Suggested | None


def overview(subject: Reported) -> dict[str, Any]:
    """The context of the report page."""
    figures = figures_context(subject.version.metrics, subject.run_report)
    charts = {"headline": headline_chart(figures["rows"])} if figures["rows"] else {}
    context = figures | {
        "subject": subject,
        "recipe": explained_recipe(subject.version.recipe),
        "settings": _settings(subject),
    }
    for part in (_measured(subject), _trained(subject)):
        charts |= part.pop("charts")
        context |= part
    return context | {"figures": charts}


def _measured(subject: Reported) -> dict[str, Any]:
    """All that the held-out predictions tell."""
    try:
        cells = subject.cells
    except DomainError as error:
        return {"unmeasured": error.detail, "charts": {}}
    target = subject.vocabulary.precision_target
    own, curve = lowest_threshold(cells, target), threshold_curve(cells)
    calibration, by_band = reliability(cells), bands(subject.figures)
    return {
        "cells": cells,
        "reliability": calibration,
        "curve": curve[9::10],
        "targets": _targets(subject, target),
        "at_own": at_own_thresholds(cells, subject.figures.thresholds),
        "thresholds_known": subject.known_thresholds is not None,
        "unknown_threshold": UNKNOWN_THRESHOLD,
        "bands": [(band_name(band), band) for band in by_band],
        "worst": worst_rows(subject, N_WORST),
        "charts": {
            "reliability": reliability_chart(calibration),
            "thresholds": threshold_chart(curve, target, own),
            "bands": bands_chart(by_band),
        },
    }


def _targets(subject: Reported, own: float) -> list[Target]:
    wanted = sorted({*TARGETS, own})
    return [Target(target, target == own, lowest_threshold(subject.cells, target)) for target in wanted]


def _trained(subject: Reported) -> dict[str, Any]:
    """All that training itself has written down."""
    try:
        found = subject.training
    except ml.BundleCorrupt:
        return {"untold": _("The training report of this version is damaged and cannot be shown."), "charts": {}}
    if found is None or found.is_empty:
        untold = _(
            "Training has written nothing down for this version: its recipe has no parts, or it is older than such "
            "reports."
        )
        return {"untold": untold, "charts": {}}
    return {"training": found, "trials": found.search, "charts": _training_charts(found)}


def _training_charts(found: TrainingReport) -> dict[str, Chart]:
    charts = {
        "gains": gains_chart(found.gains) if found.gains else None,
        "ablation": ablation_chart(found.ablation) if found.ablation else None,
        "parts": parts_chart(found.parts) if found.times_parts else None,
        "search": search_chart(found.search) if found.search else None,
    }
    return {name: chart for name, chart in charts.items() if chart is not None}


def _settings(subject: Reported) -> Mapping[str, Any]:
    """Settings of the version that differ from its recipe's defaults, by their path."""
    manifest = subject.manifest
    return settings_that_differ(manifest.recipe, manifest.config) if manifest else {}
