"""Which spot-checked documents measure models instead of teaching them."""

import uuid
from collections.abc import Sequence

from recommender.documents import TrainingDocument
from recommender.tag_resolution import Resolve
from tagplatform.content.spot_checks import spot_checks
from tagplatform.taxonomy.models import Vocabulary

LARGEST_SHARE = 0.2
"""Of all documents: what measures is not learnt from, so that checking much must not leave little to learn."""


def spot_checked_documents(
    vocabulary: Vocabulary, documents: Sequence[TrainingDocument], resolve: Resolve
) -> frozenset[uuid.UUID]:
    """Keys of the documents whose check stands, the newest checks first, at most `LARGEST_SHARE` of all.

    A check stands while the text is the one that was looked at and the tags are, too; a tag that was replaced since
    counts as its successor.
    """
    by_id = {document.id: document for document in documents}
    standing = []
    for check in spot_checks(vocabulary):
        document = by_id.get(check.document_id)
        tag_ids = {resolve[tag_id] for tag_id in check.tag_ids if tag_id in resolve}
        if document is not None and document.content_hash == check.content_hash and document.tag_ids == tag_ids:
            standing.append(document.id)
    return frozenset(standing[: int(LARGEST_SHARE * len(documents))])
