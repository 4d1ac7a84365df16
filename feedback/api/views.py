"""Feedback over HTTP: what became of recommendations, what tags documents have in the end."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.api import examples, shapes
from feedback.api.presenters import present_outcome
from feedback.api.reading import check_tags_known, feedback_events, named_document, outcome_report
from feedback.events import record_events
from feedback.models import Recommendation
from feedback.selectors import find_recommendation
from feedback.services import record_document_tags, record_outcome
from tagplatform.common.api import ApiView, actor_of, answered_once, body_of, id_in_path
from tagplatform.common.scopes import Scope
from tagplatform.content.api.callers import chosen_source, document_in_path, own_source
from tagplatform.content.models import TagAssignment
from tagplatform.taxonomy.selectors import find_vocabulary

TAGS = ["Feedback"]


def origin_of(request: Request) -> str:
    """Who says so: an editor at the desk, or a program."""
    return TagAssignment.Origin.API if actor_of(request) is None else TagAssignment.Origin.EDITOR


class RecommendationOutcome(ApiView):
    """The main feedback call."""

    write_scope = Scope.FEEDBACK

    @extend_schema(
        operation_id="report_outcome",
        tags=TAGS,
        summary="Report what became of a recommendation",
        request=shapes.OutcomeRequest,
        responses=shapes.OutcomeShape,
        examples=[examples.OUTCOME_REQUEST, examples.DISCARD_REQUEST, examples.OUTCOME],
    )
    def put(self, request: Request, recommendation_id: str) -> Response:
        """Send all tags that the document has in the end, once the editor submits.

        The server derives the rest: suggestions among them were accepted, the other suggestions ignored, other tags
        added. Repeatable: the same report again changes nothing, a later one supersedes the earlier.
        """
        id_in_path(Recommendation.id_prefix, recommendation_id)
        body = body_of(request, shapes.OutcomeRequest)
        recommendation = find_recommendation(recommendation_id, source=own_source(request))
        check_tags_known(recommendation.vocabulary_id, body, ("final_tags", "rejected", "not_shown"))
        summary = record_outcome(
            recommendation=recommendation,
            report=outcome_report(body, document=named_document(request, body)),
            actor=actor_of(request),
            origin=origin_of(request),
        )
        return Response(present_outcome(summary, vocabulary_id=recommendation.vocabulary_id))


class DocumentTags(ApiView):
    """The final tags of a document."""

    write_scope = Scope.FEEDBACK

    @extend_schema(
        operation_id="set_document_tags",
        tags=TAGS,
        summary="Set a document's tags",
        request=shapes.DocumentTagsRequest,
        responses=shapes.OutcomeShape,
        examples=[examples.DOCUMENT_TAGS_REQUEST, examples.OUTCOME],
    )
    def put(self, request: Request, external_id: str) -> Response:
        """For a CMS that knows only the document: the outcome of its latest recommendation, if it had one.

        The given tags replace the document's tags of this vocabulary.
        """
        body = body_of(request, shapes.DocumentTagsRequest)
        document = document_in_path(chosen_source(request, body.get("source")), external_id)
        vocabulary = find_vocabulary(body.get("vocabulary"))
        check_tags_known(vocabulary.pk, body, ("final_tags", "rejected"))
        summary = record_document_tags(
            document=document,
            vocabulary=vocabulary,
            report=outcome_report(body, document=document),
            actor=actor_of(request),
            origin=origin_of(request),
        )
        return Response(present_outcome(summary, vocabulary_id=vocabulary.pk))


class FeedbackEvents(ApiView):
    """Fine-grained events."""

    write_scope = Scope.FEEDBACK

    @extend_schema(
        operation_id="record_events",
        tags=TAGS,
        summary="Report single decisions as they happen",
        request=shapes.EventsRequest,
        responses=shapes.EventsAnswer,
        examples=[examples.EVENTS_REQUEST, examples.EVENTS],
    )
    @answered_once()
    def post(self, request: Request) -> Response:
        """Up to 500 events, each with an id of yours: one that comes twice is counted as duplicate, not as error.

        All events are taken or none: a wrong one is pointed at.
        """
        body = body_of(request, shapes.EventsRequest)
        counts = record_events(
            source=chosen_source(request, body.get("source")),
            events=feedback_events(request, body["events"]),
            actor=actor_of(request),
        )
        return Response({"recorded": counts.recorded, "duplicates": counts.duplicates})
