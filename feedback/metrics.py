"""Numbers of the ledger for Prometheus."""

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import Counter

_decisions = Counter("tagplatform_decisions_total", "Decisions written to the ledger, by kind", ["kind"])


def count_decisions(kinds: Iterable[str]) -> None:
    """Decisions were written; kinds as in Decision.Kind."""
    for kind, n in Tally(kinds).items():
        _decisions.labels(str(kind)).inc(n)
