"""Submit a text from the desk, and take a submission back."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback.models import Outcome, Recommendation
from feedback.services import OutcomeReport, OutcomeSummary, record_outcome, record_recommendation
from tagplatform.access.models import User
from tagplatform.common.errors import InvalidInput
from tagplatform.content.models import Document, Source, TagAssignment, content_hash
from tagplatform.content.services import DocumentFields, save_document
from tagplatform.desk.selectors import NO_MODEL, forget_count
from tagplatform.taxonomy.models import Vocabulary

DESK_SOURCE = "desk"


@dataclass(frozen=True)
class DeskText:
    """What stands in the editor: a known document, or a new text under an id that the page made up."""

    title: str
    body: str
    language: str = ""
    document: Document | None = None
    external_id: str = ""


@dataclass(frozen=True)
class DeskDecisions:
    """What the editor decided, and the recommendation that it was decided on (None: there was none)."""

    recommendation: Recommendation | None
    final_tag_ids: Sequence[uuid.UUID]
    rejected_tag_ids: Sequence[uuid.UUID] = ()
    not_shown_tag_ids: Sequence[uuid.UUID] = ()


@dataclass(frozen=True)
class Submitted:
    """The stored document, the recommendation that bears the outcome, and the outcome."""

    document: Document
    recommendation: Recommendation
    outcome: OutcomeSummary


@transaction.atomic
def submit_text(*, vocabulary: Vocabulary, text: DeskText, decisions: DeskDecisions, actor: User) -> Submitted:
    """Store the text and report the outcome, both or neither; sending the same again changes nothing."""
    _check_belongs(vocabulary, text, decisions.recommendation)
    document = _store(text)
    recommendation = decisions.recommendation or _nothing_recommended(vocabulary, document)
    report = OutcomeReport(
        status=Outcome.Status.SUBMITTED,
        final_tag_ids=decisions.final_tag_ids,
        rejected_tag_ids=decisions.rejected_tag_ids,
        not_shown_tag_ids=decisions.not_shown_tag_ids,
        document=document,
    )
    outcome = record_outcome(
        recommendation=recommendation, report=report, actor=actor, origin=TagAssignment.Origin.EDITOR
    )
    transaction.on_commit(lambda: forget_count(vocabulary))
    return Submitted(document, recommendation, outcome)


@transaction.atomic
def take_back(*, recommendation: Recommendation, actor: User) -> OutcomeSummary:
    """Undo a submission: its decisions are undone and the document bears what it bore before."""
    outcome = Outcome.objects.select_related("document").filter(pk=recommendation.pk).first()
    if outcome is None:
        raise InvalidInput(_("This was never submitted."), code="not_submitted", pointer="/recommendation")
    report = OutcomeReport(status=Outcome.Status.DISCARDED, document=outcome.document)
    transaction.on_commit(lambda: forget_count(recommendation.vocabulary))
    return record_outcome(recommendation=recommendation, report=report, actor=actor, origin=TagAssignment.Origin.EDITOR)


def _check_belongs(vocabulary: Vocabulary, text: DeskText, recommendation: Recommendation | None) -> None:
    if not (text.title.strip() or text.body.strip()):
        raise InvalidInput(_("Write a title or a text first."), code="empty_text", pointer="/body")
    if text.document is None and not text.external_id:
        raise InvalidInput(_("A new text needs an id."), code="no_external_id", pointer="/external_id")
    if recommendation is not None and recommendation.vocabulary_id != vocabulary.pk:
        raise InvalidInput(
            _("This recommendation was made for another vocabulary."),
            code="other_vocabulary",
            pointer="/recommendation",
        )


def _store(text: DeskText) -> Document:
    """Save a text of the desk; a document of another source keeps the text that its source gave it."""
    desk, _created = Source.objects.get_or_create(slug=DESK_SOURCE, defaults={"name": "Desk"})
    known = text.document or Document.objects.filter(source=desk, external_id=text.external_id).first()
    if known is not None and known.source_id != desk.pk:
        return known
    fields = DocumentFields(
        title=text.title,
        body=text.body,
        language=text.language or (known.language if known else ""),
        published_at=known.published_at if known else timezone.now(),
        extra=known.extra if known else {},
        split_group=known.split_group if known else "",
    )
    external_id = known.external_id if known else text.external_id
    return save_document(source=desk, external_id=external_id, fields=fields)[0]


def _nothing_recommended(vocabulary: Vocabulary, document: Document) -> Recommendation:
    """An empty recommendation, so that tags chosen without a model stand in the ledger and can be taken back.

    The one of an earlier submission of the same text is used again.
    """
    empty = {"vocabulary": vocabulary, "document": document, "model_version": NO_MODEL}
    earlier = Recommendation.objects.filter(**empty).order_by("-id").first()
    if earlier is not None:
        return earlier
    recommendation = Recommendation(
        **empty,
        source_id=document.source_id,
        vocabulary_version=vocabulary.version,
        content_hash=content_hash(document.title, document.body),
        latency_ms=0,
        abstained=True,
    )
    record_recommendation(recommendation=recommendation, suggestions=[])
    return recommendation
