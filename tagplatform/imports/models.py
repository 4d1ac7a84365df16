"""One import of one file: how far it came, what it refused, so that it can go on where it was cut."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tagplatform.common.models import PublicModel


class ImportRun(PublicModel):
    """The state of an import; `rows_done` rows are committed and are skipped when it resumes."""

    id_prefix: ClassVar[str] = "imp"

    class Kind(models.TextChoices):
        TAGS = "tags", _("tags")
        DOCUMENTS = "documents", _("documents")

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")

    kind = models.CharField(max_length=20, choices=Kind)
    target = models.CharField(max_length=200, help_text=_("vocabulary or source that the rows go into"))
    file_name = models.CharField(max_length=500)
    file_digest = models.CharField(max_length=64, help_text=_("SHA-256 of the file"))
    state = models.CharField(max_length=20, choices=State, default=State.RUNNING)
    rows_total = models.PositiveBigIntegerField(null=True)
    rows_done = models.PositiveBigIntegerField(default=0)
    rows_created = models.PositiveBigIntegerField(default=0)
    rows_updated = models.PositiveBigIntegerField(default=0)
    rows_unchanged = models.PositiveBigIntegerField(default=0)
    rows_rejected = models.PositiveBigIntegerField(default=0)
    rejects_path = models.CharField(max_length=500, blank=True)
    message = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.file_name} → {self.target}"

    @property
    def fraction(self) -> float | None:
        """Share of the rows that are done, 0…1; None while the number of rows is unknown."""
        return self.rows_done / self.rows_total if self.rows_total else None
