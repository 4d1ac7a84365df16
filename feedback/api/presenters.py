"""Outcomes as JSON."""

import uuid
from typing import Any

from feedback.services import OutcomeSummary
from tagplatform.taxonomy.api.presenters import present_tag_brief
from tagplatform.taxonomy.selectors import vocabulary_snapshot


def present_outcome(summary: OutcomeSummary, *, vocabulary_id: uuid.UUID) -> dict[str, Any]:
    """An outcome with the decision on each tag, in the order of their notations."""
    entries = vocabulary_snapshot(vocabulary_id).tags
    decided = sorted(
        ((entries[tag_id], kind) for tag_id, kind in summary.decisions.items() if tag_id in entries),
        key=lambda pair: pair[0].notation,
    )
    return {
        "status": summary.status,
        "revision": summary.revision,
        "decisions": [{"tag": present_tag_brief(tag), "decision": kind} for tag, kind in decided],
    }
