"""A model version with everything that its pages show: read from beside its twin, named as the tags are named now."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from django.db.models import Count
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from recommender import ml, registry
from recommender.audit.source import HeldOut, held_out
from recommender.ml.bundles import CALIBRATION
from recommender.ml.tag_space import TagSpace
from recommender.ml.tensors import mapped_tensors
from recommender.models import ModelVersion
from recommender.reports.figures import Cells, FloatArray, IntArray, TagFigures, cells_of, tag_figures
from recommender.reports.spaces import stored_tag_space, tag_space
from recommender.reports.training_report import TrainingReport, read_training_report
from tagplatform.common.errors import InvalidInput, NotFound
from tagplatform.common.ids import parse_public_id
from tagplatform.content.models import TagAssignment
from tagplatform.taxonomy.labels import normalise_label
from tagplatform.taxonomy.models import Tag
from tagplatform.taxonomy.selectors import vocabulary_snapshot
from tagplatform.taxonomy.snapshot import TagEntry

UNKNOWN_THRESHOLD = 0.5


@dataclass(frozen=True)
class Facet:
    """A tag at the top with the tags below it."""

    tag: TagEntry
    label: str


class Reported:
    """One version; what cannot be read is told (NotFound) by the part that needs it, the others still stand."""

    def __init__(self, version: ModelVersion) -> None:
        self.version = version
        self.vocabulary = version.vocabulary
        self.snapshot = vocabulary_snapshot(self.vocabulary.pk, version=self.vocabulary.version)
        self.language = get_language() or ""

    @cached_property
    def held_out(self) -> HeldOut:
        return held_out(self.version)

    @cached_property
    def cells(self) -> Cells:
        """Held-out documents that bear a tag: those that the version's figures are measured on."""
        found = _cells(self.version.pk, self.version.evaluated_path)
        if found.n_documents == 0:
            detail = _("No held-out document of %(version)s bears a tag. Tag more documents and train again.")
            raise NotFound(detail % {"version": self.version.name}, code="no_held_out_documents")
        return found

    @cached_property
    def known_thresholds(self) -> FloatArray | None:
        """Each tag's own threshold, shape (n_labels,); None where the bundle does not tell."""
        try:
            tensors = mapped_tensors(registry.evaluated_directory(self.version) / CALIBRATION)
            found = np.array(tensors["thresholds"], np.float64)
        except (OSError, ValueError, KeyError):
            return None
        return found if found.shape == (len(self.tag_ids),) else None

    @cached_property
    def figures(self) -> TagFigures:
        """Every tag at its own threshold, or at one half where the bundle does not tell."""
        thresholds = self.known_thresholds
        if thresholds is None:
            thresholds = np.full(self.cells.n_labels, UNKNOWN_THRESHOLD)
        return tag_figures(self.cells, thresholds, self.learnt_from)

    @cached_property
    def losses(self) -> FloatArray:
        """What each tag costs, shape (n_labels,)."""
        return self.figures.loss

    @cached_property
    def counts_are_exact(self) -> bool:
        """Whether training has kept how many documents of each tag it learnt from."""
        return self._stored_counts is not None

    @cached_property
    def learnt_from(self) -> IntArray:
        """Training documents a tag, shape (n_labels,); else those that bear it today and were not held out."""
        if self._stored_counts is not None:
            return self._stored_counts
        today = TagAssignment.objects.filter(tag__vocabulary=self.vocabulary).values_list("tag").order_by("tag")
        count_by_tag = dict(today.annotate(n=Count("pk")))
        counts = np.array([count_by_tag.get(tag_id, 0) for tag_id in self.tag_ids], np.int64)
        return np.asarray(np.maximum(counts - self.cells.true_counts, 0), np.int64)

    @cached_property
    def _stored_counts(self) -> IntArray | None:
        stored = stored_tag_space(self.version)
        if stored is None or len(stored.label_counts) != len(self.tag_ids):
            return None
        return stored.label_counts

    @property
    def tag_ids(self) -> list[uuid.UUID]:
        return self.held_out.tag_ids

    @cached_property
    def known(self) -> dict[uuid.UUID, int]:
        """Column of each tag of the model that still stands in the vocabulary."""
        tags = self.snapshot.tags
        return {tag_id: column for column, tag_id in enumerate(self.tag_ids) if tag_id in tags}

    def tag_of(self, column: int) -> TagEntry:
        return self.snapshot.tags[self.tag_ids[column]]

    def path_of(self, column: int) -> str:
        """Labels from the root down, in the reader's language."""
        return " › ".join(self.tag_of(column).path(self.language))

    def column_of(self, public_id: str) -> int:
        """Column of a tag in an address; NotFound where the version does not know it."""
        try:
            return self.known[parse_public_id(Tag.id_prefix, public_id)]
        except (InvalidInput, KeyError) as error:
            detail = _("%(version)s does not know this tag: it is newer than the model or gone.")
            raise NotFound(detail % {"version": self.version.name}, code="unknown_tag") from error

    def found_columns(self, query: str) -> list[int]:
        """Columns of the tags with a name like the query; of all of them where it is empty."""
        wanted = normalise_label(query)
        return [column for tag_id, column in self.known.items() if _answers(self.snapshot.tags[tag_id], wanted)]

    def facet_of(self, column: int) -> Facet | None:
        """The tag at the top of the column's tag; None where it stands alone."""
        tag = top = self.tag_of(column)
        while top.parent_id is not None and top.parent_id in self.snapshot.tags:
            top = self.snapshot.tags[top.parent_id]
        is_alone = top is tag and tag.id not in self._parents
        return None if is_alone else Facet(top, top.label(self.language))

    @cached_property
    def _parents(self) -> set[uuid.UUID | None]:
        return {tag.parent_id for tag in self.snapshot.tags.values()}

    @cached_property
    def space(self) -> TagSpace:
        """The version's tag space; NotFound where it cannot be had, or does not fit the held-out predictions."""
        found = tag_space(self.version)
        if len(found.vectors) != len(self.tag_ids):
            detail = _("The tag vectors of %(version)s do not fit its predictions. Train a new version.")
            raise NotFound(detail % {"version": self.version.name}, code="no_tag_space")
        return found

    @cached_property
    def training(self) -> TrainingReport | None:
        """What training said; None where the bundle does not tell. Raises ml.BundleCorrupt."""
        folders = (registry.evaluated_directory(self.version), registry.bundle_directory(self.version))
        return next((found for folder in folders if (found := read_training_report(folder)) is not None), None)

    @cached_property
    def manifest(self) -> ml.Manifest | None:
        """The twin's manifest; None where it cannot be read."""
        try:
            return ml.read_manifest(registry.evaluated_directory(self.version))
        except ml.BundleError:
            return None

    @property
    def run_report(self) -> Mapping[str, Any]:
        """What the training run has written of the version."""
        run = self.version.training_run
        return run.report if run else {}


def _answers(tag: TagEntry, wanted: str) -> bool:
    names = (tag.notation.casefold(), *(label.normalised_text for label in tag.labels))
    return any(wanted in name for name in names)


@lru_cache(maxsize=2)
def _cells(version_id: uuid.UUID, evaluated_path: str) -> Cells:
    """Bundles never change once written, so the version's id is enough to remember them by."""
    found = held_out(ModelVersion.objects.select_related("vocabulary").get(pk=version_id))
    labelled = np.flatnonzero(np.diff(found.gold.indptr))
    return cells_of(found.gold[labelled], found.probabilities[labelled])
