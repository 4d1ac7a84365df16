"""The ledger is written here: what was shown, what was decided. Nothing in it is changed afterwards."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback.appending import append_answer
from feedback.counts import Probabilities, count_change, probabilities_of
from feedback.metrics import count_decisions
from feedback.models import Decision, Outcome, Recommendation, Suggestion
from feedback.outcomes import (
    Situation,
    decisions_of_discarding,
    decisions_of_submission,
    tags_after_discarding,
)
from feedback.rejections import follow_decisions
from feedback.selectors import latest_decisions, latest_recommendation
from feedback.totals import Totals, add_totals, month_of, totals_of_change
from tagplatform.common.errors import Conflict, InvalidInput
from tagplatform.content.models import Document, TagAssignment
from tagplatform.content.services import check_tags, set_document_tags
from tagplatform.taxonomy.models import Vocabulary


@dataclass(frozen=True)
class OutcomeReport:
    """What a client says became of a recommendation."""

    status: str
    final_tag_ids: Sequence[uuid.UUID] = ()
    rejected_tag_ids: Sequence[uuid.UUID] = ()
    not_shown_tag_ids: Sequence[uuid.UUID] = ()
    document: Document | None = None


@dataclass(frozen=True)
class OutcomeSummary:
    """The outcome as it stands now: the decision on each tag that has one."""

    status: str
    revision: int
    decisions: dict[uuid.UUID, str] = field(default_factory=dict)


def record_recommendation(*, recommendation: Recommendation, suggestions: Sequence[Suggestion]) -> None:
    """Write one answer, whole or not at all."""
    for suggestion in suggestions:
        suggestion.recommendation = recommendation
    append_answer(recommendation, suggestions)


@transaction.atomic
def record_outcome(
    *, recommendation: Recommendation, report: OutcomeReport, actor: Any | None, origin: str
) -> OutcomeSummary:
    """Derive the decision on every tag from what was shown and what the document bears in the end.

    Repeatable: the same report again changes nothing, a different one supersedes. Raises InvalidInput for tags that
    are not of the vocabulary, more tags than its selection mode allows, or a tag both final and rejected; Conflict
    where the outcome has been reported for another document.
    """
    case = _open_case(recommendation, report)
    _check_report(case.recommendation.vocabulary, report)
    suggestions = list(Suggestion.objects.filter(recommendation=case.recommendation))
    standing = latest_decisions(case.recommendation)
    situation = Situation(
        suggested={s.tag_id for s in suggestions},
        not_shown=set(report.not_shown_tag_ids),
        decided={d.tag_id: Decision.Kind(d.kind) for d in standing if d.kind != Decision.Kind.UNDONE},
        before=case.tag_ids_before,
    )
    after = _append_decisions(case, suggestions, standing, _wanted(situation, report), actor)
    _apply_to_document(case, report, actor, origin)
    outcome = _save_outcome(case, report, actor, changed=bool(after), seen=suggestions)
    kinds = {d.tag_id: str(d.kind) for d in [*standing, *after]}
    return OutcomeSummary(outcome.status, outcome.revision, kinds)


@dataclass(frozen=True)
class _Case:
    """A recommendation with its document, both locked, and what was reported before."""

    recommendation: Recommendation
    document: Document | None
    outcome: Outcome | None
    tag_ids_now: set[uuid.UUID]

    @property
    def applied(self) -> Outcome | None:
        """The outcome whose tags the document bears at present."""
        submitted = self.outcome is not None and self.outcome.status == Outcome.Status.SUBMITTED
        return self.outcome if submitted else None

    @property
    def source_id(self) -> uuid.UUID | None:
        """Of the recommendation; one that a person asked for without naming a source counts for the document's."""
        document_source = self.document.source_id if self.document else None
        return self.recommendation.source_id or document_source

    @property
    def tag_ids_before(self) -> set[uuid.UUID]:
        return set(self.applied.tag_ids_before) if self.applied else self.tag_ids_now


def _open_case(recommendation: Recommendation, report: OutcomeReport) -> _Case:
    """Lock document, then recommendation: always in this order, so that two reports never wait for each other."""
    told = Outcome.objects.filter(pk=recommendation.pk).values_list("document_id", flat=True).first()
    document_id = report.document.pk if report.document else told or recommendation.document_id
    document = Document.objects.select_for_update().filter(pk=document_id).first() if document_id else None
    held = Recommendation.objects.select_for_update(of=("self",)).select_related("vocabulary").get(pk=recommendation.pk)
    outcome = Outcome.objects.filter(pk=held.pk).first()
    case = _Case(held, document, outcome, _tags_on(document, held.vocabulary))
    if case.applied and case.applied.document_id not in (None, document_id):
        raise Conflict(
            _("This outcome has been reported for another document. Discard it first."), code="other_document"
        )
    return case


def record_document_tags(
    *, document: Document, vocabulary: Vocabulary, report: OutcomeReport, actor: Any | None, origin: str
) -> OutcomeSummary:
    """The same for a client that knows only the document: its latest recommendation is the one decided on."""
    recommendation = latest_recommendation(document, vocabulary)
    if recommendation is not None:
        return record_outcome(recommendation=recommendation, report=report, actor=actor, origin=origin)
    return _record_without_recommendation(document, vocabulary, report, actor, origin)


@transaction.atomic
def _record_without_recommendation(
    document: Document, vocabulary: Vocabulary, report: OutcomeReport, actor: Any | None, origin: str
) -> OutcomeSummary:
    _check_report(vocabulary, report)
    if report.status == Outcome.Status.DISCARDED:
        return OutcomeSummary(report.status, 1)
    held = Document.objects.select_for_update().get(pk=document.pk)
    kinds = _wanted(Situation((), (), {}, _tags_on(held, vocabulary)), report)
    decisions = [
        Decision(document=held, vocabulary=vocabulary, source_id=held.source_id, tag_id=tag, kind=kind, actor=actor)
        for tag, kind in sorted(kinds.items())
    ]
    _append(decisions, superseded=[], probabilities={})
    set_document_tags(document=held, vocabulary=vocabulary, tag_ids=report.final_tag_ids, origin=origin, actor=actor)
    return OutcomeSummary(report.status, 1, {d.tag_id: str(d.kind) for d in decisions})


def _check_report(vocabulary: Vocabulary, report: OutcomeReport) -> None:
    check_tags(vocabulary=vocabulary, tag_ids=set(report.final_tag_ids))
    rejected = set(report.rejected_tag_ids)
    for tag_id in rejected:
        check_tags(vocabulary=vocabulary, tag_ids={tag_id}, pointer="/rejected")
    if rejected & set(report.final_tag_ids):
        raise InvalidInput(
            _("A tag cannot be final and rejected at once."), code="final_and_rejected", pointer="/rejected"
        )


def _tags_on(document: Document | None, vocabulary: Vocabulary) -> set[uuid.UUID]:
    if document is None:
        return set()
    assigned = TagAssignment.objects.filter(document=document, tag__vocabulary=vocabulary)
    return set(assigned.values_list("tag_id", flat=True))


def _wanted(situation: Situation, report: OutcomeReport) -> dict[uuid.UUID, Decision.Kind]:
    if report.status == Outcome.Status.DISCARDED:
        return decisions_of_discarding(situation)
    return decisions_of_submission(situation, final=set(report.final_tag_ids), rejected=set(report.rejected_tag_ids))


def _append_decisions(
    case: _Case,
    suggestions: Sequence[Suggestion],
    before: Sequence[Decision],
    wanted: dict[uuid.UUID, Decision.Kind],
    actor: Any | None,
) -> list[Decision]:
    """Append where the decision on a tag differs from the one that stands."""
    standing = {d.tag_id: d for d in before}
    shown = {s.tag_id: s for s in suggestions}
    after = [
        Decision(
            recommendation=case.recommendation,
            document=case.document,
            vocabulary_id=case.recommendation.vocabulary_id,
            source_id=case.source_id,
            tag_id=tag_id,
            kind=kind,
            rank=shown[tag_id].rank if tag_id in shown else None,
            probability=shown[tag_id].probability if tag_id in shown else None,
            actor=actor,
        )
        for tag_id, kind in sorted(wanted.items())
        if tag_id not in standing or standing[tag_id].kind != kind
    ]
    superseded = [standing[d.tag_id] for d in after if d.tag_id in standing]
    _append(after, superseded=superseded, probabilities=probabilities_of(suggestions))
    return after


def _append(decisions: Sequence[Decision], *, superseded: Sequence[Decision], probabilities: Probabilities) -> None:
    Decision.objects.bulk_create(decisions)
    count_decisions(decision.kind for decision in decisions)
    add_totals(totals_of_change(superseded, decisions))
    follow_decisions(decisions)
    count_change(superseded, decisions, probabilities)


def _apply_to_document(case: _Case, report: OutcomeReport, actor: Any | None, origin: str) -> None:
    """Submitted: the document bears the final tags. Discarded: what the applied outcome changed is put back."""
    if case.document is None:
        return
    tag_ids = set(report.final_tag_ids)
    if report.status == Outcome.Status.DISCARDED:
        if case.applied is None:
            return
        applied = case.applied
        tag_ids = tags_after_discarding(case.tag_ids_now, before=applied.tag_ids_before, final=applied.final_tag_ids)
    vocabulary = case.recommendation.vocabulary
    set_document_tags(document=case.document, vocabulary=vocabulary, tag_ids=tag_ids, origin=origin, actor=actor)


def _save_outcome(
    case: _Case, report: OutcomeReport, actor: Any | None, *, changed: bool, seen: Sequence[Suggestion]
) -> Outcome:
    outcome = case.outcome
    if outcome is None:
        outcome = Outcome(recommendation=case.recommendation)
        _count_shown(seen, set(report.not_shown_tag_ids))
    elif changed or outcome.status != report.status:
        outcome.revision += 1
        outcome.updated_at = timezone.now()
    outcome.tag_ids_before = sorted(case.tag_ids_before)
    outcome.document, outcome.status, outcome.actor = case.document, report.status, actor
    outcome.final_tag_ids = list(report.final_tag_ids)
    outcome.save()
    return outcome


def _count_shown(suggestions: Sequence[Suggestion], not_shown: set[uuid.UUID]) -> None:
    unseen = [s.pk for s in suggestions if s.tag_id in not_shown]
    if unseen:
        Suggestion.objects.filter(pk__in=unseen).update(shown=False)
    totals: Totals = Totals()
    for suggestion in suggestions:
        if suggestion.tag_id not in not_shown:
            totals[(suggestion.tag_id, month_of(suggestion.pk), "shown")] += 1
    add_totals(totals)
