"""The desk: the editors' web pages."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeskConfig(AppConfig):
    name = "tagplatform.desk"
    label = "desk"
    verbose_name = _("Desk")
