"""The taxonomy in the admin: vocabularies, tags with their labels, operations, proposals."""

from tagplatform.taxonomy.admin import operations, proposals, tags, vocabularies

__all__ = ["operations", "proposals", "tags", "vocabularies"]
