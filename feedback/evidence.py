"""One decision as training sees it: who said what of which tag on which document, when, and how it came up."""

import uuid
from dataclasses import dataclass

from feedback.models import Decision

POSITIVE_KINDS = frozenset({Decision.Kind.ACCEPTED, Decision.Kind.ADDED})
NEGATIVE_KINDS = frozenset({Decision.Kind.REJECTED, Decision.Kind.REMOVED})


@dataclass(frozen=True, slots=True)
class Evidence:
    """A row of the ledger with what its recommendation and outcome say of it.

    `moment` is in Unix seconds; ids grow with it. `rank` is None where the tag was not suggested. `submitted` says that
    the document was handed in, so that what was left was seen; a report without a recommendation always is.
    """

    id: uuid.UUID
    document_id: uuid.UUID
    tag_id: uuid.UUID
    kind: str
    moment: float
    rank: int | None = None
    actor_id: int | None = None
    source_id: uuid.UUID | None = None
    recommendation_id: uuid.UUID | None = None
    policy: str = ""
    submitted: bool = True

    @property
    def is_positive(self) -> bool:
        return self.kind in POSITIVE_KINDS

    @property
    def is_negative(self) -> bool:
        """Somebody said no; that somebody left it is not one."""
        return self.kind in NEGATIVE_KINDS

    @property
    def is_explicit(self) -> bool:
        return self.is_positive or self.is_negative

    @property
    def cell(self) -> tuple[uuid.UUID, uuid.UUID]:
        """Document and tag: what a model learns one truth of."""
        return self.document_id, self.tag_id
