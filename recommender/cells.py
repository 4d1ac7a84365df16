"""From cleaned decisions to weighed cells: what each document says of each tag that somebody decided on."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from feedback.evidence import Evidence
from feedback.states import NEGATIVE_STATES, State, state_of
from recommender.cleaning import Cell
from recommender.weighing import WeighedCell, WeightRules, capped, weight_of

_SECONDS_A_DAY = 86_400.0
Borne = Mapping[uuid.UUID, Collection[uuid.UUID]]


def weighed_cells(
    evidence: Sequence[Evidence], borne: Borne, rules: WeightRules, *, as_of: float, kept_after_days: float
) -> list[WeighedCell]:
    """A cell for each document and tag that has a state by decision, ordered by document and tag; caps applied.

    `borne` are the tags of every document; evidence on other documents is left out. `as_of`, in Unix seconds, is what
    ages are counted back from.
    """
    histories: defaultdict[Cell, list[Evidence]] = defaultdict(list)
    for each in evidence:
        if each.document_id in borne:
            histories[each.cell].append(each)
    cells = []
    for (document_id, tag_id), history in sorted(histories.items()):
        is_borne = tag_id in borne[document_id]
        state = state_of(history, is_borne=is_borne, as_of=as_of, kept_after_days=kept_after_days)
        if state not in (State.NEVER_SHOWN, State.ASSIGNED):
            cells.append(_cell(state, history, rules, as_of))
    return capped(cells, rules)


def _cell(state: State, history: Sequence[Evidence], rules: WeightRules, as_of: float) -> WeighedCell:
    telling = _telling(state, history)
    weight = weight_of(
        state, age_days=(as_of - telling.moment) / _SECONDS_A_DAY, rank=telling.rank, rules=rules
    )  # fmt: skip
    return WeighedCell(
        telling.document_id, telling.tag_id, state, telling.moment, telling.rank, telling.actor_id, telling.source_id,
        weight, weight,
    )  # fmt: skip


def _telling(state: State, history: Sequence[Evidence]) -> Evidence:
    """The last decision that agrees with the state."""
    if state == State.IGNORED:
        return history[-1]
    negative = state in NEGATIVE_STATES
    agreeing = [each for each in history if each.is_explicit and each.is_negative == negative]
    return (agreeing or [each for each in history if each.is_explicit])[-1]
