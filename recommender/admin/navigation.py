"""The sidebar of the admin: what there is, grouped as people think of it."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups with the tables that this person may see."""
    groups = [
        (
            "",
            [
                _page(_("Overview"), "dashboard", "admin:index", None),
                _page(_("The desk"), "edit_note", "desk:home", None) | {"active": False},
            ],
        ),
        (
            _("Content"),
            [
                _table(_("Documents"), "description", "content.document"),
                _table(_("Tags on documents"), "style", "content.tagassignment"),
                _table(_("Sources"), "rss_feed", "content.source"),
                _table(_("Imports"), "upload_file", "imports.importrun"),
            ],
        ),
        (
            _("Taxonomy"),
            [
                _table(_("Vocabularies"), "menu_book", "taxonomy.vocabulary"),
                _table(_("Tags"), "sell", "taxonomy.tag"),
                _table(_("Proposals"), "lightbulb", "taxonomy.tagproposal"),
                _table(_("Operations"), "history_edu", "taxonomy.tagoperation"),
            ],
        ),
        (
            _("Feedback"),
            [
                _table(_("Recommendations"), "recommend", "feedback.recommendation"),
                _table(_("Decisions"), "how_to_reg", "feedback.decision"),
                _table(_("Outcomes"), "task_alt", "feedback.outcome"),
                _table(_("Monthly totals"), "calendar_month", "feedback.tagmonthtotal"),
            ],
        ),
        (
            _("Models"),
            [
                _table(_("Versions"), "deployed_code", "recommender.modelversion"),
                _table(_("Training runs"), "model_training", "recommender.trainingrun"),
                _table(_("Moves of aliases"), "swap_horiz", "recommender.modelaliaschange"),
                _table(_("Training policies"), "tune", "recommender.trainingpolicy"),
                _table(_("Schedules"), "schedule", "django_celery_beat.periodictask"),
            ],
        ),
        (
            _("Audit"),
            [_page(_("Co-occurrence and model"), "grid_on", "audit:page", "recommender.view_modelversion")],
        ),
        (
            _("People & access"),
            [
                _table(_("People"), "person", "access.user"),
                _table(_("Roles"), "groups", "auth.group"),
                _table(_("API keys"), "key", "access.apikey"),
            ],
        ),
    ]
    return [{"title": title, "separator": bool(title), "items": items} for title, items in groups]


def _table(title: str, icon: str, model: str) -> dict[str, Any]:
    app_label, model_name = model.split(".")
    return _page(title, icon, f"admin:{app_label}_{model_name}_changelist", f"{app_label}.view_{model_name}")


def _page(title: str, icon: str, route: str, permission: str | None) -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": reverse(route),
        "permission": lambda request: permission is None or request.user.has_perm(permission),
    }
