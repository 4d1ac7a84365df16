"""The four roles as groups: what each may do. Every migrate brings them up to date; other groups are left alone."""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed_apps
from django.apps.registry import Apps
from django.db.models import Q

_READ = ("view",)
_WRITE = ("view", "add", "change")
_ALL = ("view", "add", "change", "delete")

EDITOR = {
    "taxonomy.vocabulary": _READ,
    "taxonomy.tag": _READ,
    "taxonomy.taglabel": _READ,
    "taxonomy.tagproposal": ("view", "add"),
    "content.source": _READ,
    "content.document": _READ,
    "content.tagassignment": _READ,
    "feedback.recommendation": ("view", "add"),
    "feedback.suggestion": _READ,
    "feedback.outcome": _READ,
    "feedback.decision": ("view", "add"),
}
TAXONOMY_ADMIN = EDITOR | {
    "taxonomy.vocabulary": _WRITE,
    "taxonomy.tag": _WRITE,
    "taxonomy.taglabel": _ALL,
    "taxonomy.tagoperation": _WRITE,
    "taxonomy.tagproposal": _WRITE,
    "content.spotcheck": ("view", "add"),
    "feedback.standingrejection": _READ,
    "feedback.tagmonthtotal": _READ,
    "imports.importrun": _READ,
    "recommender.modelversion": _READ,
    "recommender.modelalias": _READ,
    "recommender.trainingrun": _READ,
    "recommender.adjustmentpolicy": _READ,
    "recommender.dailyfigure": _READ,
    "recommender.dailytagcount": _READ,
    "recommender.driftvalue": _READ,
}
MODEL_ADMIN = {
    "taxonomy.vocabulary": _READ,
    "taxonomy.tag": _READ,
    "taxonomy.taglabel": _READ,
    "content.source": _READ,
    "content.document": _READ,
    "content.tagassignment": _READ,
    "content.spotcheck": ("view", "add"),
    "feedback.recommendation": ("view", "add"),
    "feedback.suggestion": _READ,
    "feedback.outcome": _READ,
    "feedback.decision": _READ,
    "feedback.standingrejection": _READ,
    "feedback.tagmonthtotal": _READ,
    "recommender.modelversion": ("view", "change"),
    "recommender.modelalias": _WRITE,
    "recommender.modelaliaschange": _READ,
    "recommender.trainingrun": _WRITE,
    "recommender.gatepolicy": _WRITE,
    "recommender.trainingpolicy": _WRITE,
    "recommender.adjustmentpolicy": _WRITE,
    "feedback.tagdecisioncount": _READ,
    "feedback.learningcut": _READ,
    "recommender.evidencepolicy": _WRITE,
    "recommender.datasnapshot": _READ,
    "recommender.dailyfigure": _READ,
    "recommender.dailytagcount": _READ,
    "recommender.challengepolicy": _WRITE,
    "recommender.shadowanswer": _READ,
    "recommender.driftvalue": _READ,
    "recommender.watchpolicy": _WRITE,
    "recommender.interleaving": _READ,
    "recommender.alertrule": _ALL,
    "recommender.alert": ("view", "change"),
    "recommender.alertdelivery": ("view", "change"),
    "recommender.webhookendpoint": _WRITE,
    "django_celery_beat.periodictask": _WRITE,
    "django_celery_beat.crontabschedule": _WRITE,
    "django_celery_beat.intervalschedule": _READ,
}
INTEGRATOR = {
    "taxonomy.vocabulary": _READ,
    "taxonomy.tag": _READ,
    "taxonomy.taglabel": _READ,
    "taxonomy.tagproposal": ("view", "add"),
    "content.source": _WRITE,
    "content.document": _ALL,
    "content.tagassignment": _READ,
    "access.apikey": _WRITE,
    "feedback.recommendation": ("view", "add"),
    "feedback.suggestion": _READ,
    "feedback.outcome": _READ,
    "feedback.decision": ("view", "add"),
    "imports.importrun": _READ,
    "recommender.modelversion": _READ,
    "recommender.trainingrun": _READ,
}
PERMISSIONS_BY_ROLE = {
    "editor": EDITOR,
    "taxonomy admin": TAXONOMY_ADMIN,
    "model admin": MODEL_ADMIN,
    "integrator": INTEGRATOR,
}


def ensure_roles(sender: AppConfig, using: str, apps: Apps = installed_apps, **kwargs: Any) -> None:
    """After an app's migrations its permissions exist: give the roles theirs. Called once for each app."""
    try:
        groups, permissions = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    except LookupError:  # not yet migrated that far
        return
    for role, allowed in PERMISSIONS_BY_ROLE.items():
        wanted = Q(pk__in=[])
        for model, actions in allowed.items():
            app_label, _, name = model.partition(".")
            if app_label == sender.label:
                codenames = [f"{action}_{name}" for action in actions]
                wanted |= Q(content_type__app_label=app_label, codename__in=codenames)
        group, _created = groups.objects.using(using).get_or_create(name=role)
        group.permissions.add(*permissions.objects.using(using).filter(wanted))
