"""Vocabularies and tags over HTTP: list, look up, search, resolve; propose a tag that is missing."""

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from tagplatform.common.api import ApiView, PagedView, actor_of, answered_once, body_of, id_in_path, query_of
from tagplatform.common.errors import NotFound
from tagplatform.common.scopes import Scope
from tagplatform.taxonomy.api import examples, shapes
from tagplatform.taxonomy.api.presenters import (
    present_hit,
    present_proposal,
    present_tag,
    present_tag_brief,
    present_vocabulary,
)
from tagplatform.taxonomy.models import Tag, Vocabulary
from tagplatform.taxonomy.selectors import find_vocabulary, resolve_label, search_tags, vocabulary_snapshot
from tagplatform.taxonomy.services import propose_tag


class Vocabularies(PagedView):
    """All vocabularies."""

    read_scope = Scope.TAGS_READ

    @extend_schema(
        operation_id="list_vocabularies",
        tags=["Vocabularies and tags"],
        summary="List vocabularies",
        responses=shapes.VocabularyShape(many=True),
        examples=[examples.VOCABULARY],
    )
    def get(self, request: Request) -> Response:
        """Every vocabulary with its selection mode and the number of its active tags, newest first."""
        self.filters()
        active = Count("tags", filter=Q(tags__status=Tag.Status.ACTIVE))
        rows = self.page(Vocabulary.objects.annotate(n_tags=active))
        return self.answer([present_vocabulary(row, n_tags=row.n_tags) for row in rows])  # type: ignore[attr-defined]


class Tags(PagedView):
    """The tags of a vocabulary."""

    read_scope = Scope.TAGS_READ

    @extend_schema(
        operation_id="list_tags",
        tags=["Vocabularies and tags"],
        summary="List tags",
        parameters=[shapes.TagListQuery],
        responses=shapes.TagShape(many=True),
        examples=[examples.TAG],
    )
    def get(self, request: Request) -> Response:
        """Tags of one vocabulary with all their names, whatever their status, newest first."""
        query = self.filters(shapes.TagListQuery)
        vocabulary = find_vocabulary(query.get("vocabulary"))
        found = Tag.objects.filter(vocabulary=vocabulary)
        if "status" in query:
            found = found.filter(status=query["status"])
        if "parent" in query:
            found = found.filter(parent=query["parent"])
        rows = self.page(found)
        entries = vocabulary_snapshot(vocabulary.pk).tags
        language = query["label_language"]
        return self.answer(
            [
                present_tag(row, entries[row.pk], vocabulary=vocabulary, language=language)
                for row in rows
                if row.pk in entries
            ]
        )


class TagById(ApiView):
    """One tag."""

    read_scope = Scope.TAGS_READ

    @extend_schema(
        operation_id="get_tag",
        tags=["Vocabularies and tags"],
        summary="Read one tag",
        parameters=[shapes.TagQuery],
        responses=shapes.TagShape,
        examples=[examples.TAG],
    )
    def get(self, request: Request, tag_id: str) -> Response:
        """The tag with all its names. Ids never change; a tag that was replaced names its successor."""
        language = query_of(request, shapes.TagQuery)["label_language"]
        row = Tag.objects.select_related("vocabulary").filter(pk=id_in_path(Tag.id_prefix, tag_id)).first()
        if row is None:
            raise NotFound(_("There is no tag “%(id)s”.") % {"id": tag_id[:80]}, code="unknown_tag")
        entry = vocabulary_snapshot(row.vocabulary_id, version=row.vocabulary.version).tags[row.pk]
        return Response(present_tag(row, entry, vocabulary=row.vocabulary, language=language))


class TagSearch(ApiView):
    """Tags by what somebody types."""

    read_scope = Scope.TAGS_READ

    @extend_schema(
        operation_id="search_tags",
        tags=["Vocabularies and tags"],
        summary="Search tags",
        parameters=[shapes.TagSearchQuery],
        responses=shapes.TagSearchAnswer,
        examples=[examples.TAG_SEARCH],
    )
    def get(self, request: Request) -> Response:
        """Active tags by any of their names: equal first, then by prefix, word, pinyin initials, part of a word."""
        query = query_of(request, shapes.TagSearchQuery)
        vocabulary = find_vocabulary(query.get("vocabulary"))
        hits = search_tags(vocabulary=vocabulary, query=query["q"], limit=query["limit"])
        return Response({"results": [present_hit(hit, query["label_language"]) for hit in hits]})


class TagResolve(ApiView):
    """The tag that bears a name."""

    read_scope = Scope.TAGS_READ

    @extend_schema(
        operation_id="resolve_tag",
        tags=["Vocabularies and tags"],
        summary="Find the tag of a name",
        parameters=[shapes.TagResolveQuery],
        responses=shapes.TagBrief,
        examples=[examples.TAG_BRIEF],
    )
    def get(self, request: Request) -> Response:
        """The one tag that bears exactly this name (of any kind, in any language) or notation; 404 without one."""
        query = query_of(request, shapes.TagResolveQuery)
        tag = resolve_label(vocabulary=find_vocabulary(query.get("vocabulary")), label=query["label"])
        if tag is None:
            detail = _("No tag has the name “%(label)s”.") % {"label": query["label"][:80]}
            raise NotFound(detail, code="unknown_label", pointer="/label")
        return Response(present_tag_brief(tag, query["label_language"]))


class TagProposals(ApiView):
    """Tags that somebody missed."""

    write_scope = Scope.FEEDBACK

    @extend_schema(
        operation_id="propose_tag",
        tags=["Vocabularies and tags"],
        summary="Propose a tag",
        request=shapes.ProposalRequest,
        responses={201: shapes.ProposalShape},
        examples=[examples.PROPOSAL_REQUEST, examples.PROPOSAL],
    )
    @answered_once()
    def post(self, request: Request) -> Response:
        """Put a missing tag into the taxonomy admins' queue; proposing it again counts it up."""
        body = body_of(request, shapes.ProposalRequest)
        vocabulary = find_vocabulary(body.get("vocabulary"))
        proposal = propose_tag(
            vocabulary=vocabulary, text=body["text"], language=body["language"], actor=actor_of(request)
        )
        return Response(present_proposal(proposal, vocabulary=vocabulary), status=201)
