"""What came of loading a whole sample: its tags, then its documents."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from tagplatform.imports.services import ImportSummary


@dataclass(frozen=True)
class LoadSummary:
    """Both imports, and how long everything took."""

    tags: ImportSummary
    documents: ImportSummary
    seconds: float

    def __str__(self) -> str:
        text = _("%(tags)d tags and %(documents)d documents of “%(target)s” loaded in %(seconds).0f s.")
        return text % {
            "tags": self.tags.run.rows_done - self.tags.run.rows_rejected,
            "documents": self.documents.run.rows_done - self.documents.run.rows_rejected,
            "target": self.documents.run.target,
            "seconds": self.seconds,
        }
