"""Taxonomy: what may be assigned."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TaxonomyConfig(AppConfig):
    name = "tagplatform.taxonomy"
    label = "taxonomy"
    verbose_name = _("Taxonomy")
