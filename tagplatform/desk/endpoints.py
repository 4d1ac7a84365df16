"""What the desk's pages ask for in the background, as JSON: progress, why, submit, take back."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.models import Recommendation
from feedback.selectors import find_recommendation
from recommender.api.reading import readable_documents
from recommender.services import RecommendationRequest, explain_suggestion
from tagplatform.access.models import User
from tagplatform.common.api import ApiView, body_of
from tagplatform.common.fields import CodeField, PublicIdField, StrictSerializer, TextField
from tagplatform.common.scopes import Scope
from tagplatform.content.models import Document
from tagplatform.desk.presenters import present_explanation, present_next
from tagplatform.desk.progress import progress_of
from tagplatform.desk.selectors import find_document_by_id, next_waiting
from tagplatform.desk.services import DeskDecisions, DeskText, submit_text, take_back
from tagplatform.taxonomy.models import Tag, Vocabulary
from tagplatform.taxonomy.selectors import find_vocabulary

MAX_TAGS = 500


class DeskView(ApiView):
    """Only for people with a session; not a part of the public API."""

    authentication_classes = [SessionAuthentication]
    read_scope = Scope.FEEDBACK
    write_scope = Scope.FEEDBACK


class TagIds(serializers.ListField):
    """Public ids of tags."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=PublicIdField(Tag.id_prefix), max_length=MAX_TAGS, required=False, **kwargs)


class TextRequest(StrictSerializer):
    """A text in the editor, for one vocabulary."""

    vocabulary = CodeField()
    title = TextField(default="", max_length=1000)
    text = TextField(default="")
    language = CodeField(default="", allow_blank=True, max_length=20)


class ExplainRequest(TextRequest):
    tag = PublicIdField(Tag.id_prefix)
    document = CodeField(allow_null=True, default=None)


class SubmitRequest(TextRequest):
    document = CodeField(allow_null=True, default=None)
    external_id = CodeField(default="", allow_blank=True)
    recommendation = CodeField(allow_null=True, default=None)
    final_tags = TagIds()
    rejected = TagIds()
    not_shown = TagIds()
    from_queue = serializers.BooleanField(default=False)


class TakeBackRequest(StrictSerializer):
    recommendation = CodeField()


@extend_schema(exclude=True)
class Progress(DeskView):
    """What is under way."""

    def get(self, request: Request) -> Response:
        slug = request.query_params.get("vocabulary", "")
        return Response(progress_of(Vocabulary.objects.filter(slug=slug).first()))


@extend_schema(exclude=True)
class Explain(DeskView):
    """Why a tag is suggested for a text."""

    def post(self, request: Request) -> Response:
        body = body_of(request, ExplainRequest)
        vocabulary = find_vocabulary(body["vocabulary"])
        asked = RecommendationRequest(
            title=body["title"],
            body=body["text"],
            language=body["language"],
            document=find_document_by_id(body["document"]) if body["document"] else None,
            readable=readable_documents(request),
        )
        explanation = explain_suggestion(vocabulary=vocabulary, request=asked, tag_id=body["tag"])
        return Response(present_explanation(vocabulary, explanation))


@extend_schema(exclude=True)
class Submit(DeskView):
    """Store the text and what was decided on its tags; says which document comes next."""

    def post(self, request: Request) -> Response:
        body = body_of(request, SubmitRequest)
        vocabulary = find_vocabulary(body["vocabulary"])
        submitted = submit_text(
            vocabulary=vocabulary, text=_text(body), decisions=_decisions(body), actor=_person(request)
        )
        following = next_waiting(vocabulary, after=submitted.document) if body["from_queue"] else None
        return Response(
            {
                "document": submitted.document.public_id,
                "recommendation": submitted.recommendation.public_id,
                "address": reverse("desk:document", args=[vocabulary.slug, submitted.document.public_id]),
                "revision": submitted.outcome.revision,
                "next": present_next(vocabulary, following),
            }
        )


@extend_schema(exclude=True)
class TakeBack(DeskView):
    """Undo a submission."""

    def post(self, request: Request) -> Response:
        body = body_of(request, TakeBackRequest)
        recommendation: Recommendation = find_recommendation(body["recommendation"])
        outcome = take_back(recommendation=recommendation, actor=_person(request))
        return Response({"status": outcome.status, "revision": outcome.revision, "message": _("Taken back.")})


def _person(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


def _text(body: dict[str, Any]) -> DeskText:
    document: Document | None = find_document_by_id(body["document"]) if body["document"] else None
    return DeskText(
        title=body["title"],
        body=body["text"],
        language=body["language"],
        document=document,
        external_id=body["external_id"],
    )


def _decisions(body: dict[str, Any]) -> DeskDecisions:
    return DeskDecisions(
        recommendation=find_recommendation(body["recommendation"]) if body["recommendation"] else None,
        final_tag_ids=body.get("final_tags", []),
        rejected_tag_ids=body.get("rejected", []),
        not_shown_tag_ids=body.get("not_shown", []),
    )
