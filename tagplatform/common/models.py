"""Abstract models that every app may build on."""

from typing import ClassVar

from django.contrib.admin import display
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tagplatform.common.ids import format_public_id, new_id


class PublicModel(models.Model):
    """A row with a time-ordered key and a public id of the form `prefix_…`."""

    id_prefix: ClassVar[str]

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    @property
    @display(description=_("public id"))
    def public_id(self) -> str:
        return format_public_id(self.id_prefix, self.pk)
