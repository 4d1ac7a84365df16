"""The desk's pages: choose a vocabulary, write and tag, the queue, one's own history."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from tagplatform.access.models import User
from tagplatform.common.errors import NotFound
from tagplatform.desk.presenters import label_language, page_of_editor
from tagplatform.desk.selectors import (
    COUNTED_AT_MOST,
    Standing,
    count_waiting,
    find_document_by_id,
    next_waiting,
    outcomes_of,
    standing_of,
    waiting_documents,
    with_decisions,
)
from tagplatform.taxonomy.models import Vocabulary

DOCUMENTS_A_PAGE = 25
EDITORS_MAY = "feedback.add_decision"

View = Callable[..., HttpResponse]


def desk_page(view: View) -> View:
    """A page for signed-in editors that its script may send back from."""
    allowed = permission_required(EDITORS_MAY, raise_exception=True)(view)
    return require_safe(ensure_csrf_cookie(login_required(allowed)))


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """For browsers that ask without having read a page."""
    return redirect(static("site/mark.svg"))


@desk_page
def home(request: HttpRequest) -> HttpResponse:
    """The editor of the only vocabulary, or a choice among several."""
    vocabularies = list(Vocabulary.objects.all())
    if len(vocabularies) == 1:
        return redirect("desk:editor", vocabularies[0].slug)
    counted = [(vocabulary, vocabulary.tags.assignable().count()) for vocabulary in vocabularies]
    return render(request, "desk/home.html", {"choices": counted})


@desk_page
def editor(request: HttpRequest, vocabulary: str, document: str = "") -> HttpResponse:
    """An empty editor, or a document of the queue or the history."""
    chosen = get_object_or_404(Vocabulary, slug=vocabulary)
    opened = _document_or_404(document) if document else None
    following = next_waiting(chosen, after=opened) if opened else None
    start = page_of_editor(
        user=_person(request),
        vocabulary=chosen,
        document=opened,
        standing=standing_of(opened, chosen) if opened else Standing([]),
        following=following,
    )
    context = {"document": opened, "following": following, "start": start}
    return _render(request, chosen, "desk/editor.html", context)


@desk_page
def queue(request: HttpRequest, vocabulary: str) -> HttpResponse:
    """Documents that wait for tags, newest first."""
    chosen = get_object_or_404(Vocabulary, slug=vocabulary)
    page = Paginator(waiting_documents(chosen), DOCUMENTS_A_PAGE).get_page(request.GET.get("page"))
    return _render(request, chosen, "desk/queue.html", {"page": page})


@desk_page
def history(request: HttpRequest, vocabulary: str) -> HttpResponse:
    """What this person submitted, with the decisions."""
    chosen = get_object_or_404(Vocabulary, slug=vocabulary)
    outcomes = outcomes_of(_person(request), chosen)
    page = Paginator(outcomes, DOCUMENTS_A_PAGE).get_page(request.GET.get("page"))
    language = label_language()
    submissions = [
        (submission.outcome, [(kind, tag.label(language)) for kind, tag in submission.decisions])
        for submission in with_decisions(list(page), chosen)
    ]
    return _render(request, chosen, "desk/history.html", {"page": page, "submissions": submissions})


def _render(request: HttpRequest, vocabulary: Vocabulary, template: str, context: dict[str, Any]) -> HttpResponse:
    waiting = count_waiting(vocabulary)
    around = {
        "vocabulary": vocabulary,
        "vocabularies": Vocabulary.objects.all(),
        "n_waiting": f"{COUNTED_AT_MOST}+" if waiting > COUNTED_AT_MOST else waiting,
    }
    return render(request, template, around | context)


def _document_or_404(public_id: str) -> Any:
    try:
        return find_document_by_id(public_id)
    except NotFound as error:
        raise Http404(error.detail) from error


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
