"""Content: where documents come from and what tags they bear."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContentConfig(AppConfig):
    name = "tagplatform.content"
    label = "content"
    verbose_name = _("Content")
