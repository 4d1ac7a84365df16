"""From what a request names to the rows it means."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request

from feedback.events import FeedbackEventInput
from feedback.models import Outcome, Recommendation
from feedback.services import OutcomeReport
from tagplatform.common.errors import FieldError, InvalidInput
from tagplatform.content.api.callers import chosen_source, own_source
from tagplatform.content.models import Document
from tagplatform.content.selectors import find_document
from tagplatform.taxonomy.selectors import vocabulary_snapshot


def outcome_report(body: dict[str, Any], *, document: Document | None) -> OutcomeReport:
    """The report of a valid body, each tag once."""
    return OutcomeReport(
        status=body.get("status", Outcome.Status.SUBMITTED),
        final_tag_ids=list(dict.fromkeys(body["final_tags"])),
        rejected_tag_ids=list(dict.fromkeys(body["rejected"])),
        not_shown_tag_ids=list(dict.fromkeys(body.get("not_shown", ()))),
        document=document,
    )


def named_document(request: Request, body: dict[str, Any]) -> Document | None:
    """The stored document that a body names by `external_id`."""
    if "external_id" not in body:
        return None
    source = chosen_source(request, body.get("source"))
    return find_document(source=source, external_id=body["external_id"])


def check_tags_known(
    vocabulary_id: uuid.UUID, body: Mapping[str, Any], names: Iterable[str], *, version: int | None = None
) -> None:
    """InvalidInput that points at each tag that does not stand in the vocabulary."""
    if not any(body.get(name) for name in names):
        return
    known = vocabulary_snapshot(vocabulary_id, version=version).tags
    raise_if_any(
        _unknown_tag(f"/{name}/{index}")
        for name in names
        for index, tag_id in enumerate(body.get(name, ()))
        if tag_id not in known
    )


def feedback_events(request: Request, rows: list[dict[str, Any]]) -> list[FeedbackEventInput]:
    """The events of a valid body; InvalidInput points at each recommendation or tag that is not known."""
    found = _recommendations(request, {row["recommendation"] for row in rows})
    raise_if_any(_event_errors(rows, found))
    return [FeedbackEventInput(row["event_id"], found[row["recommendation"]], row["tag"], row["kind"]) for row in rows]


def _recommendations(request: Request, ids: set[uuid.UUID]) -> dict[uuid.UUID, Recommendation]:
    found = Recommendation.objects.filter(pk__in=ids)
    own = own_source(request)
    return {row.pk: row for row in (found.filter(source=own) if own else found)}


def _event_errors(rows: list[dict[str, Any]], found: dict[uuid.UUID, Recommendation]) -> Iterable[FieldError]:
    tags = {pk: vocabulary_snapshot(pk).tags for pk in {row.vocabulary_id for row in found.values()}}
    for index, row in enumerate(rows):
        recommendation = found.get(row["recommendation"])
        if recommendation is None:
            detail = _("There is no such recommendation.")
            yield FieldError(f"/events/{index}/recommendation", "unknown_recommendation", detail)
        elif row["tag"] not in tags[recommendation.vocabulary_id]:
            yield _unknown_tag(f"/events/{index}/tag")


def _unknown_tag(pointer: str) -> FieldError:
    return FieldError(pointer, "unknown_tag", _("This tag does not stand in the vocabulary."))


def raise_if_any(errors: Iterable[FieldError]) -> None:
    """One InvalidInput with all the errors."""
    found = tuple(errors)
    if found:
        raise InvalidInput(found[0].detail, code=found[0].code, errors=found)
