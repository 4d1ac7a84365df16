"""The newsroom sample: a small bilingual vocabulary and documents that come with the platform."""

import time
from pathlib import Path

from tagplatform.content.imports import DocumentTarget, LoadSummary, import_documents
from tagplatform.content.models import Source
from tagplatform.imports.services import ImportOptions, OnProgress, silent
from tagplatform.taxonomy.imports import import_tags
from tagplatform.taxonomy.models import Vocabulary

SAMPLE_DIR = Path(__file__).parent / "samples" / "newsroom"


def load_newsroom(on_progress: OnProgress = silent) -> LoadSummary:
    """Load the sample, or what is missing of it."""
    began = time.monotonic()
    vocabulary, _ = Vocabulary.objects.get_or_create(slug="newsroom", defaults={"name": "Newsroom"})
    source, _ = Source.objects.get_or_create(slug="newsroom", defaults={"name": "Newsroom"})
    options = ImportOptions(on_progress=on_progress)
    tags = import_tags(path=SAMPLE_DIR / "tags.jsonl", vocabulary=vocabulary, options=options)
    target = DocumentTarget(source, vocabulary)
    documents = import_documents(path=SAMPLE_DIR / "documents.jsonl", target=target, options=options)
    return LoadSummary(tags, documents, time.monotonic() - began)
