"""Access: people, roles, API keys and their limits."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "tagplatform.access"
    label = "access"
    verbose_name = _("Access")

    def ready(self) -> None:
        from tagplatform.access.roles import ensure_roles

        post_migrate.connect(ensure_roles, dispatch_uid="access.ensure_roles")
