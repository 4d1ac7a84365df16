"""Pages of the admin that show one vocabulary, and let people choose which."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from tagplatform.taxonomy.models import Vocabulary


def address_of(page: str, vocabulary: Vocabulary) -> str:
    """Where the page stands for a vocabulary; `page` is the name of its route."""
    return f"{reverse(page)}?vocabulary={vocabulary.slug}"


def vocabulary_page(request: HttpRequest, title: str) -> tuple[Vocabulary | None, dict[str, Any]]:
    """The vocabulary that is asked for (else the first, None where there is none), and what its template needs."""
    vocabularies = list(Vocabulary.objects.all())
    wanted = request.GET.get("vocabulary")
    chosen = next((each for each in vocabularies if each.slug == wanted), vocabularies[0] if vocabularies else None)
    context = {**admin.site.each_context(request), "title": title, "vocabularies": vocabularies, "vocabulary": chosen}
    return chosen, context
