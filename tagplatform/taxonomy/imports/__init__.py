"""Tags come in from files: with their names, parents and notes, clashes reported instead of guessed at."""

from tagplatform.taxonomy.imports.service import import_tags, target_vocabulary

__all__ = ["import_tags", "target_vocabulary"]
