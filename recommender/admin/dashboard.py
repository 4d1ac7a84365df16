"""The first page of the admin: a few true figures and the last runs."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback.models import TagMonthTotal
from recommender.models import ModelAlias
from recommender.reports.measures import Figure, headline
from recommender.selectors import training_runs
from tagplatform.content.models import Document, TagAssignment
from tagplatform.taxonomy.models import Tag, TagProposal, Vocabulary

N_RUNS = 5


@dataclass(frozen=True)
class Tile:
    """One number with what it counts and where it leads."""

    name: str
    value: int
    link: str


@dataclass(frozen=True)
class Champion:
    """Which version answers for a vocabulary, and how good it is."""

    vocabulary: Vocabulary
    version: Any | None
    ndcg: Figure | None


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the index page what this person may see."""
    may_see_content = request.user.has_perm("content.view_document")
    may_see_models = request.user.has_perm("recommender.view_modelversion")
    return context | {
        "tiles": _tiles() if may_see_content else [],
        "champions": _champions() if may_see_models else [],
        "runs": training_runs()[:N_RUNS] if may_see_models else [],
        "decisions": _decisions_of_this_month() if request.user.has_perm("feedback.view_decision") else [],
        "month": timezone.now(),
    }


def _tiles() -> list[Tile]:
    active, open_state = Tag.Status.ACTIVE, TagProposal.State.OPEN
    return [
        Tile(_("documents"), Document.objects.count(), reverse("admin:content_document_changelist")),
        Tile(
            _("tags in use"),
            Tag.objects.filter(status=active).count(),
            reverse("admin:taxonomy_tag_changelist") + f"?status__exact={active}",
        ),
        Tile(_("tags on documents"), TagAssignment.objects.count(), reverse("admin:content_tagassignment_changelist")),
        Tile(
            _("open proposals"),
            TagProposal.objects.filter(state=open_state).count(),
            reverse("admin:taxonomy_tagproposal_changelist") + f"?state__exact={open_state}",
        ),
    ]


def _champions() -> list[Champion]:
    aliases = ModelAlias.objects.filter(name=ModelAlias.Name.CHAMPION).select_related("version__vocabulary")
    version_by_vocabulary = {alias.vocabulary_id: alias.version for alias in aliases}
    return [
        Champion(vocabulary, version, headline(version.metrics) if version else None)
        for vocabulary in Vocabulary.objects.all()
        for version in [version_by_vocabulary.get(vocabulary.pk)]
    ]


def _decisions_of_this_month() -> list[tuple[str, int]]:
    """Counts by kind from the monthly totals; the ledger itself is not read."""
    kinds = {
        "accepted": _("accepted"),
        "added": _("added"),
        "ignored": _("ignored"),
        "rejected": _("rejected"),
        "removed": _("removed"),
    }
    month = timezone.now().date().replace(day=1)
    sums = TagMonthTotal.objects.filter(month=month).aggregate(**{kind: Sum(kind) for kind in kinds})
    return [(name, sums[kind] or 0) for kind, name in kinds.items()]
