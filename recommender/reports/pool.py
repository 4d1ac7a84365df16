"""The negative pool of a data snapshot: what a model learns as "not this tag", why, and with which weight."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.contrib.auth import get_user_model
from django.core.paginator import Page, Paginator
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from feedback.states import NEGATIVE_STATES, POSITIVE_STATES, State
from recommender.audit.tables import Value
from recommender.example_files import SnapshotUnreadable
from recommender.models import DataSnapshot
from recommender.pool_files import PoolFilter, PoolTotal, read_cells, totals
from recommender.reports.charts import Chart, double_bars
from recommender.snapshots import pool_file
from recommender.weighing import WeighedCell
from tagplatform.common.admin import row_id
from tagplatform.common.errors import NotFound
from tagplatform.content.models import Document, Source
from tagplatform.taxonomy.models import Tag
from tagplatform.taxonomy.selectors import vocabulary_snapshot

CELLS_A_PAGE = 50
MOST_PAGES = 200
MOST_ROWS = 50_000  # of a CSV file
MOST_BARS = 20
MOST_CHOICES = 200
NEGATIVE = tuple(state.value for state in State if state in NEGATIVE_STATES)
POSITIVE = tuple(state.value for state in State if state in POSITIVE_STATES and state != State.ASSIGNED)


@dataclass(frozen=True)
class PoolChoice:
    """What the page's address asks for; what is not known counts as not chosen."""

    state: str = ""
    tag_id: uuid.UUID | None = None
    source_id: uuid.UUID | None = None
    actor_id: int | None = None

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> "PoolChoice":
        state, actor = parameters.get("state", ""), parameters.get("actor", "")
        return cls(
            state if state in (*NEGATIVE, *POSITIVE) else "",
            row_id(parameters.get("tag", ""), Tag.id_prefix),
            row_id(parameters.get("source", ""), Source.id_prefix),
            int(actor) if actor.isdecimal() and len(actor) < 19 else None,
        )

    def filter(self) -> PoolFilter:
        """All negatives unless one state is chosen."""
        return PoolFilter((self.state,) if self.state else NEGATIVE, self.tag_id, self.source_id, self.actor_id)


@dataclass(frozen=True)
class PoolRow:
    """One cell with the names of what it is about; `document` is None where it has been erased since."""

    cell: WeighedCell
    document: Document | None
    tag: str
    tag_public_id: str
    source: str
    actor: str
    decided_at: datetime
    age_days: int

    @property
    def state(self) -> Any:
        return self.cell.state.label


@dataclass(frozen=True)
class NamedTotal:
    """A line of the totals."""

    name: Any
    total: PoolTotal


class PoolView:
    """One snapshot's pool as somebody chose to see it."""

    def __init__(self, snapshot: DataSnapshot, choice: PoolChoice) -> None:
        if snapshot.status == DataSnapshot.Status.DELETED:
            raise NotFound(_("The files of this data snapshot have been deleted."), code="snapshot_deleted")
        self.snapshot, self.choice = snapshot, choice
        self._path, self._filter = pool_file(snapshot), choice.filter()

    @cached_property
    def by_state(self) -> list[NamedTotal]:
        return [NamedTotal(State(each.key).label, each) for each in self._totals("state")]

    @cached_property
    def by_tag(self) -> list[NamedTotal]:
        """The heaviest tags."""
        return [NamedTotal(self._tag_name(each.key), each) for each in self._totals("tag")[:MOST_BARS]]

    @cached_property
    def n_cells(self) -> int:
        return sum(each.total.n_cells for each in self.by_state)

    def rows(self, number: str | None) -> tuple[Page[Any], list[PoolRow]]:
        """One page of the cells; pages beyond the last that is shown are the last."""
        page = Paginator(range(min(self.n_cells, CELLS_A_PAGE * MOST_PAGES)), CELLS_A_PAGE).get_page(number)
        start = CELLS_A_PAGE * (page.number - 1)
        return page, self._named(self._cells(start, CELLS_A_PAGE))

    def csv_rows(self) -> Iterable[Sequence[Value]]:
        """As many of the cells as a file takes."""
        for row in self._named(self._cells(0, MOST_ROWS)):
            cell = row.cell
            yield [
                row.document.public_id if row.document else str(cell.document_id), row.tag, row.tag_public_id,
                str(cell.state), row.source, row.actor, row.decided_at.isoformat(), row.age_days, cell.rank,
                cell.uncapped, cell.weight,
            ]  # fmt: skip

    def sources(self) -> list[Source]:
        """Those that the choice has to offer."""
        keys = [each.key for each in self._totals("source", everywhere=True) if each.key][:MOST_CHOICES]
        return list(Source.objects.filter(pk__in=keys).order_by("name"))

    def actors(self) -> list[Any]:
        """People whose decisions stand in the pool, heaviest first."""
        keys = [each.key for each in self._totals("actor", everywhere=True) if each.key is not None][:MOST_CHOICES]
        people = get_user_model().objects.in_bulk(keys)
        return [people[key] for key in keys if key in people]

    def figures(self) -> dict[str, Chart]:
        return {"states": _chart(self.by_state), "tags": _chart(self.by_tag)} if self.n_cells else {}

    def tag_name(self) -> str:
        """The chosen tag; empty where none is chosen."""
        return self._tag_name(self.choice.tag_id) if self.choice.tag_id else ""

    def _totals(self, by: str, *, everywhere: bool = False) -> list[PoolTotal]:
        wanted = PoolFilter(NEGATIVE) if everywhere else self._filter
        try:
            return totals(self._path, wanted, by=by)
        except SnapshotUnreadable as error:
            raise NotFound(str(error), code="snapshot_unreadable") from error

    def _cells(self, start: int, limit: int) -> list[WeighedCell]:
        try:
            return read_cells(self._path, self._filter, start=start, limit=limit)
        except SnapshotUnreadable as error:
            raise NotFound(str(error), code="snapshot_unreadable") from error

    @cached_property
    def _tags(self) -> Mapping[uuid.UUID, Any]:
        return vocabulary_snapshot(self.snapshot.vocabulary_id).tags

    def _tag_name(self, tag_id: uuid.UUID) -> str:
        tag = self._tags.get(tag_id)
        return " › ".join(tag.path(get_language() or "")) if tag else str(tag_id)

    def _named(self, cells: Sequence[WeighedCell]) -> list[PoolRow]:
        documents = Document.objects.only("id", "title", "external_id").in_bulk({each.document_id for each in cells})
        sources = Source.objects.in_bulk({each.source_id for each in cells if each.source_id})
        people = get_user_model().objects.in_bulk({each.actor_id for each in cells if each.actor_id is not None})
        return [
            self._row(
                each,
                documents.get(each.document_id),
                str(sources.get(each.source_id, "")),
                str(people.get(each.actor_id, "")),
            )
            for each in cells
        ]

    def _row(self, cell: WeighedCell, document: Document | None, source: str, actor: str) -> PoolRow:
        tag = self._tags.get(cell.tag_id)
        decided_at = datetime.fromtimestamp(cell.moment, UTC)
        age = max((self.snapshot.created_at - decided_at).days, 0)
        public_id = tag.public_id if tag else ""
        return PoolRow(cell, document, self._tag_name(cell.tag_id), public_id, source, actor, decided_at, age)


def csv_header() -> list[Value]:
    return [
        _("document"), _("tag"), "id", _("state"), _("source"), _("actor"), _("decided"), _("age in days"), _("rank"),
        _("weight before caps"), _("weight"),
    ]  # fmt: skip


def _chart(rows: Sequence[NamedTotal]) -> Chart:
    return double_bars(
        [str(row.name) for row in rows],
        (_("before caps"), [row.total.uncapped for row in rows]),
        (_("after caps"), [row.total.weight for row in rows]),
    )
