"""Evidence for tests: short to write, in the order of the ledger, and as hypothesis draws it."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from feedback.evidence import Evidence
from feedback.models import Decision

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For properties of whole ledgers: a busy machine is no fault of theirs."""

DAY = 86_400.0
KINDS = [str(kind) for kind in Decision.Kind]


def key(number: int) -> uuid.UUID:
    """A UUID that is easy to compare."""
    return uuid.UUID(int=number)


def said(kind: str, *, document: int = 1, tag: int = 1, moment: float = 0.0, number: int = 0, **more: Any) -> Evidence:
    """One decision; `recommendation`, `actor` and `source` are numbers too."""
    recommendation, source = more.pop("recommendation", None), more.pop("source", None)
    return Evidence(
        id=key(number),
        document_id=key(document),
        tag_id=key(tag),
        kind=kind,
        moment=moment,
        recommendation_id=None if recommendation is None else key(recommendation),
        source_id=None if source is None else key(source),
        actor_id=more.pop("actor", None),
        **more,
    )


def numbered(evidence: Sequence[Evidence]) -> list[Evidence]:
    """With ids of their own, in the order given."""
    return [replace(each, id=key(number)) for number, each in enumerate(evidence, start=1)]


@st.composite
def ledgers(draw: st.DrawFn, *, max_size: int = 20) -> list[Evidence]:
    """Small ledgers in which everybody meets everybody, oldest first."""
    small = st.integers(1, 3)
    moments = st.floats(0.0, 5.0, allow_nan=False)
    rows = draw(
        st.lists(
            st.tuples(st.sampled_from(KINDS), small, small, st.none() | small, st.none() | small, moments),
            max_size=max_size,
        )
    )
    ordered = sorted(rows, key=lambda row: row[-1])
    return numbered(
        [
            said(kind, document=document, tag=tag, actor=actor, recommendation=recommendation, moment=moment)
            for kind, document, tag, actor, recommendation, moment in ordered
        ]
    )
