"""Whether the ledger is in order."""

from feedback.partitions import tables_without_a_month
from tagplatform.common.health import Finding


def partitions_made_in_time() -> Finding:
    """Rows in a default partition are not lost, but their month was not made in time."""
    late = tables_without_a_month()
    if late:
        return Finding("warning", f"no partition of this month in {', '.join(late)}; is the scheduler (beat) running?")
    return Finding("ok")
