"""Documents come in from files: created or brought up to date by their source's id, with their tags."""

from tagplatform.content.imports.loader import DocumentTarget
from tagplatform.content.imports.service import import_documents, target_source
from tagplatform.content.imports.summary import LoadSummary
from tagplatform.content.imports.tag_names import UnknownTags

__all__ = ["DocumentTarget", "LoadSummary", "UnknownTags", "import_documents", "target_source"]
