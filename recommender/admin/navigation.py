"""The sidebar of the admin: what there is, grouped as people think of it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

CHALLENGER = "admin:recommender_challengepolicy_page"
MOVED_TAGS = "admin:recommender_adjustmentpolicy_moved"


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
                _table(_("Spot checks"), "fact_check", "content.spotcheck"),
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
                _table(_("Standing rejections"), "block", "feedback.standingrejection"),
                _table(_("Monthly totals"), "calendar_month", "feedback.tagmonthtotal"),
            ],
        ),
        (
            _("Models"),
            [
                _table(_("Versions"), "deployed_code", "recommender.modelversion"),
                _table(_("Training runs"), "model_training", "recommender.trainingrun"),
                _page(
                    _("Negative pool"),
                    "thumb_down",
                    "admin:recommender_datasnapshot_newest_pool",
                    "recommender.view_datasnapshot",
                )
                | {"active": _on_snapshots(pool=True)},
                _table(_("Data snapshots"), "inventory_2", "recommender.datasnapshot")
                | {"active": _on_snapshots(pool=False)},
                _page(_("Challenger"), "swords", CHALLENGER, "recommender.view_modelversion"),
                _table(_("Moves of aliases"), "swap_horiz", "recommender.modelaliaschange"),
                _table(_("Training policies"), "tune", "recommender.trainingpolicy"),
                _page(_("Adjustments"), "swap_vert", MOVED_TAGS, "recommender.view_adjustmentpolicy"),
                _table(_("Evidence policies"), "balance", "recommender.evidencepolicy"),
                _table(_("Gate policies"), "fact_check", "recommender.gatepolicy"),
                _table(_("Schedules"), "schedule", "django_celery_beat.periodictask"),
            ],
        ),
        (
            _("Audit"),
            [
                _page(_("Watching"), "monitoring", "watching:page", "recommender.view_dailyfigure"),
                _table(_("Alerts"), "notifications", "recommender.alert"),
                _table(_("Alert messages"), "outgoing_mail", "recommender.alertdelivery"),
                _table(_("Alert rules"), "notification_add", "recommender.alertrule"),
                _table(_("Webhooks"), "webhook", "recommender.webhookendpoint"),
                _page(_("Co-occurrence and model"), "grid_on", "audit:page", "recommender.view_modelversion"),
            ],
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


def _on_snapshots(*, pool: bool) -> Callable[[HttpRequest], bool]:
    """Whether the page is one of data snapshots: their pools have an entry of their own."""

    def is_active(request: HttpRequest) -> bool:
        page = (request.resolver_match and request.resolver_match.url_name) or ""
        return page.startswith("recommender_datasnapshot_") and ("pool" in page) == pool

    return is_active


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
