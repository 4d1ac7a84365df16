"""What a run made of the decisions, as rows of a table: how many each rule of cleaning took, cells in each state."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from feedback.states import State
from recommender import cleaning

NAME_BY_RULE = {
    cleaning.TAKEN_BACK: _("taken back by those who decided"),
    cleaning.BLIND: _("on blind documents, kept for evaluation"),
    cleaning.SPOT_CHECKED: _("on spot-checked documents, kept for evaluation"),
    cleaning.REPEATED: _("said before by the same actor"),
    cleaning.TOO_FAST: _("faster than a person can read"),
    cleaning.ALL_REJECTED: _("by an actor who rejects everything"),
    cleaning.ONE_TAG_REFUSED: _("one tag refused everywhere by one actor"),
    cleaning.OVERWHELMING: _("one actor's, over the share of a tag"),
    cleaning.OVERRULED: _("overruled by a later decision"),
    cleaning.RETIRED_TAGS: _("on tags that are no longer in use"),
    cleaning.REPEATED_TEXTS: _("documents whose text stands there already"),
}


@dataclass(frozen=True)
class CountRow:
    """A name and a number."""

    name: Any
    count: int


def dropped_rows(report: Mapping[str, Any]) -> list[CountRow]:
    """Every rule with what it took; nothing for a run that did not count."""
    dropped = report.get("evidence", {}).get("dropped", {})
    return [CountRow(name, int(dropped[rule])) for rule, name in NAME_BY_RULE.items() if rule in dropped]


def state_rows(report: Mapping[str, Any]) -> list[CountRow]:
    """Cells of a document and a tag in each state that occurs."""
    states = report.get("evidence", {}).get("states", {})
    return [CountRow(state.label, int(states[state])) for state in State if state in states]
