"""Recommendations over HTTP: one text, many texts, an answer given before."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.models import Recommendation
from recommender.api import examples, shapes
from recommender.api.presenters import present_answer, present_stored
from recommender.api.reading import asked_source, readable_documents, recommendation_request, stored_documents
from recommender.services import Answer, RecommendationRequest, recommend_tags, recommend_tags_batch
from tagplatform.common.api import ApiView, answered_once, body_of, id_in_path, query_of
from tagplatform.common.errors import DomainError, NotFound
from tagplatform.common.problems import as_problem
from tagplatform.common.scopes import Scope
from tagplatform.content.api.callers import own_source
from tagplatform.taxonomy.api.shapes import TagQuery
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.selectors import find_vocabulary

TAGS = ["Recommendations"]


def _status(answer: Answer) -> int:
    return 200 if answer.public_id is None else 201


class Recommendations(ApiView):
    """Tags for one text."""

    write_scope = Scope.RECOMMEND

    @extend_schema(
        operation_id="recommend_tags",
        tags=TAGS,
        summary="Recommend tags for a text",
        request=shapes.RecommendationBody,
        responses={
            201: OpenApiResponse(shapes.RecommendationShape, "The answer, kept in the ledger"),
            200: OpenApiResponse(shapes.RecommendationShape, "The answer; `store` was false"),
        },
        examples=[
            examples.RECOMMENDATION_REQUEST,
            examples.STORED_TEXT_REQUEST,
            examples.RECOMMENDATION,
            examples.EXPLAINED,
        ],
    )
    @answered_once(in_transaction=False)
    def post(self, request: Request) -> Response:
        """Rank the vocabulary's tags for a text, or for a stored document.

        The text is not kept. Report what became of the answer with `PUT /recommendations/{id}/outcome`.
        503 while the vocabulary has no model yet.
        """
        body = body_of(request, shapes.RecommendationBody)
        vocabulary = find_vocabulary(body.get("vocabulary"))
        external_ids = [body["external_id"]] if "external_id" in body else []
        source = asked_source(request, body, external_ids)
        documents = stored_documents(source, external_ids)
        asked = recommendation_request(
            vocabulary, body, body, source=source, documents=documents, readable=readable_documents(request)
        )
        answer = recommend_tags(vocabulary=vocabulary, request=asked)
        return Response(present_answer(answer, body["label_language"]), status=_status(answer))


class RecommendationBatch(ApiView):
    """Tags for many texts."""

    write_scope = Scope.RECOMMEND

    @extend_schema(
        operation_id="recommend_tags_batch",
        tags=TAGS,
        summary="Recommend tags for up to 64 texts",
        request=shapes.BatchBodyShape,
        responses=shapes.BatchAnswer,
        examples=[examples.BATCH_REQUEST, examples.BATCH],
    )
    @answered_once(in_transaction=False)
    def post(self, request: Request) -> Response:
        """The same for up to 64 texts. Each has a status of its own: one that is wrong does not stop the others."""
        body = body_of(request, shapes.BatchBody)
        vocabulary = find_vocabulary(body.get("vocabulary"))
        items = _read_items(request, vocabulary, body)
        asked = [item for item in items if isinstance(item, RecommendationRequest)]
        answers = iter(recommend_tags_batch(vocabulary=vocabulary, requests=asked) if asked else [])
        language = body["label_language"]
        return Response(
            {
                "results": [
                    _problem_item(index, item)
                    if isinstance(item, Exception)
                    else _answer_item(index, next(answers), language)
                    for index, item in enumerate(items)
                ]
            }
        )


def _read_items(
    request: Request, vocabulary: Vocabulary, body: dict[str, Any]
) -> list[RecommendationRequest | Exception]:
    texts = [_read_text(item) for item in body["documents"]]
    external_ids = {t["external_id"] for t in texts if isinstance(t, dict) and "external_id" in t}
    source = asked_source(request, body, external_ids)
    documents, readable = stored_documents(source, external_ids), readable_documents(request)
    items: list[RecommendationRequest | Exception] = []
    for text in texts:
        try:
            if isinstance(text, Exception):
                raise text
            items.append(
                recommendation_request(vocabulary, text, body, source=source, documents=documents, readable=readable)
            )
        except (DomainError, ValidationError) as error:
            items.append(error)
    return items


def _read_text(item: Any) -> dict[str, Any] | ValidationError:
    checked = shapes.TextRequest(data=item)
    try:
        checked.is_valid(raise_exception=True)
    except ValidationError as error:
        return error
    valid: dict[str, Any] = checked.validated_data
    return valid


def _answer_item(index: int, answer: Answer, language: str) -> dict[str, Any]:
    return {
        "index": index,
        "status": _status(answer),
        "recommendation": present_answer(answer, language),
        "problem": None,
    }


def _problem_item(index: int, error: Exception) -> dict[str, Any]:
    known = as_problem(error)
    assert known is not None
    problem, status, _headers = known
    return {"index": index, "status": status, "recommendation": None, "problem": problem}


class RecommendationById(ApiView):
    """An answer that was given before."""

    read_scope = Scope.RECOMMEND

    @extend_schema(
        operation_id="get_recommendation",
        tags=TAGS,
        summary="Read a stored answer",
        parameters=[TagQuery],
        responses=shapes.StoredRecommendationShape,
        examples=[examples.STORED],
    )
    def get(self, request: Request, recommendation_id: str) -> Response:
        """What was shown, with ranks and scores. An API key reads the answers that its own source was given."""
        language = query_of(request, TagQuery)["label_language"]
        found = Recommendation.objects.select_related("vocabulary", "document").prefetch_related("suggestions")
        found = found.filter(pk=id_in_path(Recommendation.id_prefix, recommendation_id))
        own = own_source(request)
        recommendation = (found.filter(source=own) if own else found).first()
        if recommendation is None:
            raise NotFound(f"There is no recommendation “{recommendation_id[:80]}”.", code="unknown_recommendation")
        return Response(present_stored(recommendation, language))
