"""What an API key may be allowed to do; every API view names one of these for reading and one for writing."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Scope(models.TextChoices):
    """What an API key may do."""

    RECOMMEND = "recommend", _("ask for recommendations")
    FEEDBACK = "feedback", _("report outcomes")
    DOCUMENTS_READ = "documents:read", _("read documents")
    DOCUMENTS_WRITE = "documents:write", _("write and erase documents")
    TAGS_READ = "tags:read", _("read the vocabularies")
    MODELS_READ = "models:read", _("read models and training runs")
    MODELS_WRITE = "models:write", _("train, promote and roll back models")
