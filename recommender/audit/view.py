"""What somebody chose to see on the audit page, and everything that is counted for it."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import cast, get_args
from urllib.parse import urlencode

import numpy as np
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from recommender.audit.matrices import (
    IntArray,
    Matrices,
    Measure,
    PairSums,
    audit_matrices,
    clustered_order,
    pair_sums,
)
from recommender.audit.source import HeldOut, audited_version, audited_vocabulary, held_out
from recommender.models import ModelVersion
from tagplatform.common.errors import InvalidInput, NotFound
from tagplatform.common.ids import parse_public_id
from tagplatform.taxonomy.models import Tag, Vocabulary
from tagplatform.taxonomy.selectors import search_tags, vocabulary_snapshot
from tagplatform.taxonomy.snapshot import TagEntry

MOST_TAGS = 60
MOST_FOUND = 400


@dataclass(frozen=True)
class Choice:
    """What the address of the page asks for; empty strings mean “not chosen”."""

    vocabulary: str = ""
    facet: str = ""
    query: str = ""
    measure: Measure = "conditional"

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> "Choice":
        """An unknown measure counts as not chosen."""
        measure = parameters.get("measure", "")
        return cls(
            vocabulary=parameters.get("vocabulary", "").strip(),
            facet=parameters.get("facet", "").strip(),
            query=parameters.get("query", "").strip()[:500],
            measure=cast(Measure, measure) if measure in get_args(Measure) else "conditional",
        )

    def as_query(self, **more: str) -> str:
        """The choice as the end of an address."""
        return urlencode({name: value for name, value in (asdict(self) | more).items() if value})


@dataclass(frozen=True)
class Facet:
    """A tag with tags below it that the model knows."""

    tag: TagEntry
    label: str
    n_tags: int


class Audited:
    """A vocabulary's champion with its held-out predictions and the present names of its tags."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.version: ModelVersion = audited_version(vocabulary)
        self.held_out: HeldOut = held_out(self.version)
        self.snapshot = vocabulary_snapshot(vocabulary.pk, version=vocabulary.version)
        self.language = get_language() or ""

    @cached_property
    def n_documents_by_column(self) -> IntArray:
        """How many held-out documents truly have each tag."""
        return np.asarray(self.held_out.gold.sum(axis=0), np.int64).ravel()

    @cached_property
    def known(self) -> dict[uuid.UUID, int]:
        """Column of each tag of the model that still stands in the vocabulary."""
        columns = self.held_out.column_by_tag_id
        return {tag_id: column for tag_id, column in columns.items() if tag_id in self.snapshot.tags}

    def facets(self) -> list[Facet]:
        """Tags with tags below them, by their label."""
        below: dict[uuid.UUID, int] = {}
        for tag_id in self.known:
            for above in self._above(self.snapshot.tags[tag_id]):
                below[above.id] = below.get(above.id, 0) + 1
        found = [Facet(self.snapshot.tags[tag_id], self.label(tag_id), n_tags) for tag_id, n_tags in below.items()]
        return sorted(found, key=lambda facet: facet.label.casefold())

    def label(self, tag_id: uuid.UUID) -> str:
        """The tag's preferred label in the reader's language."""
        return self.snapshot.tags[tag_id].label(self.language)

    def column_of(self, public_id: str) -> int:
        """Column of a tag in an address; NotFound where the model does not know it."""
        try:
            return self.known[parse_public_id(Tag.id_prefix, public_id)]
        except (InvalidInput, KeyError) as error:
            raise NotFound(_("The champion does not know this tag."), code="unknown_tag") from error

    def tag_of(self, column: int) -> TagEntry:
        return self.snapshot.tags[self.held_out.tag_ids[column]]

    def chosen_columns(self, choice: Choice) -> list[int]:
        """Columns of the facet and the search, those with the most held-out documents first."""
        wanted: Iterable[uuid.UUID] = self.known
        if choice.facet:
            wanted = self._below(choice.facet)
        if choice.query:
            found = self._found(choice.query)
            wanted = [tag_id for tag_id in wanted if tag_id in found]
        columns = [self.known[tag_id] for tag_id in wanted]
        columns = [column for column in columns if self.n_documents_by_column[column]]
        return sorted(columns, key=lambda column: (-self.n_documents_by_column[column], column))

    def _found(self, query: str) -> set[uuid.UUID]:
        """Tags that any of the comma-separated words finds."""
        words = [word for word in query.replace("，", ",").split(",") if word.strip()]
        hits = (search_tags(vocabulary=self.vocabulary, query=word, limit=MOST_FOUND) for word in words)
        return {hit.tag.id for found in hits for hit in found}

    def _below(self, public_id: str) -> list[uuid.UUID]:
        try:
            facet_id = parse_public_id(Tag.id_prefix, public_id)
        except InvalidInput as error:
            raise NotFound(_("There is no such facet."), code="unknown_facet") from error
        tags = self.snapshot.tags
        return [tag_id for tag_id in self.known if any(above.id == facet_id for above in self._above(tags[tag_id]))]

    def _above(self, tag: TagEntry) -> list[TagEntry]:
        found: list[TagEntry] = []
        while tag.parent_id is not None and tag.parent_id in self.snapshot.tags:
            tag = self.snapshot.tags[tag.parent_id]
            found.append(tag)
        return found


@dataclass(frozen=True)
class AuditView:
    """The chosen tags in clustered order with all that is counted for them."""

    audited: Audited
    choice: Choice
    columns: list[int]
    labels: list[str]
    sums: PairSums
    matrices: Matrices
    n_left_out: int

    @property
    def paths(self) -> list[str]:
        """Labels from the root down, for where there is room."""
        return [" › ".join(tag.path(self.audited.language)) for tag in self.tags]

    @property
    def tags(self) -> list[TagEntry]:
        return [self.audited.tag_of(column) for column in self.columns]


def audited(choice: Choice) -> Audited:
    """NotFound, with a sentence that says what to do, where there is nothing to look at."""
    return Audited(audited_vocabulary(choice.vocabulary))


def audit_view(subject: Audited, choice: Choice) -> AuditView:
    """Count all pairs of the chosen tags, at most 60; NotFound where there is no tag."""
    chosen = subject.chosen_columns(choice)
    if not chosen:
        detail = _("No tag of this choice stands on a held-out document. Choose another facet or search for others.")
        raise NotFound(detail, code="no_tags")
    shown = chosen[:MOST_TAGS]
    order = clustered_order(audit_matrices(_sums(subject, shown)).truth)
    columns = [shown[position] for position in order]
    sums = _sums(subject, columns)
    return AuditView(
        audited=subject,
        choice=choice,
        columns=columns,
        labels=_unlike(subject, columns),
        sums=sums,
        matrices=audit_matrices(sums, choice.measure),
        n_left_out=len(chosen) - len(shown),
    )


def _sums(subject: Audited, columns: list[int]) -> PairSums:
    return pair_sums(subject.held_out.gold[:, columns], subject.held_out.probabilities[:, columns])


def _unlike(subject: Audited, columns: list[int]) -> list[str]:
    """Labels of the columns; where two are the same, with the parent's in brackets."""
    labels = [subject.label(subject.held_out.tag_ids[column]) for column in columns]
    paths = [subject.tag_of(column).path(subject.language) for column in columns]
    return [
        f"{label} ({path[-2]})" if labels.count(label) > 1 and len(path) > 1 else label
        for label, path in zip(labels, paths, strict=True)
    ]
