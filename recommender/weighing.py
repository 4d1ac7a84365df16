"""How much each decision weighs in training: by kind, age and rank, capped per tag and per actor; pure rules."""

import math
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from feedback.states import NEGATIVE_STATES, POSITIVE_STATES, State

DIGITS = 4  # of a weight: equal data gives equal weights, on every machine

DEFAULT_WEIGHTS: Mapping[State, float] = {
    State.KEPT: 1.5,
    State.ACCEPTED: 1.0,
    State.ADDED: 1.5,
    State.ASSIGNED: 1.0,
    State.REMOVED_LATER: 1.0,
    State.REMOVED: 2.0,
    State.REJECTED: 2.0,
    State.IGNORED: 0.5,
    State.NEVER_SHOWN: 0.0,
}


@dataclass(frozen=True)
class WeightRules:
    """Loss weights by state, and what lowers them.

    After `half_life_days` half of what a decision says is left. `examination_exponent` is η in the chance 1 / rank^η
    that a suggestion at this rank was looked at. `tag_cap` bounds the sum of the negative weights of one tag,
    `actor_cap` what one actor adds to or takes from one tag.
    """

    by_state: Mapping[State, float] = field(default_factory=lambda: DEFAULT_WEIGHTS)
    half_life_days: float = 365.0
    examination_exponent: float = 0.5
    tag_cap: float = 500.0
    actor_cap: float = 50.0


@dataclass(frozen=True, slots=True)
class WeighedCell:
    """One document and tag with its state, where that comes from, and its weight before and after the caps."""

    document_id: uuid.UUID
    tag_id: uuid.UUID
    state: State
    moment: float  # Unix seconds of the decision that holds
    rank: int | None
    actor_id: int | None
    source_id: uuid.UUID | None
    uncapped: float
    weight: float

    @property
    def is_negative(self) -> bool:
        return self.state in NEGATIVE_STATES


def weight_of(state: State, *, age_days: float, rank: int | None, rules: WeightRules) -> float:
    """The loss weight of a cell before caps.

    A no fades to nothing with age, a yes to the weight of a tag that was assigned without a decision. Only what was
    shown and left depends on rank: nobody knows whether it was looked at, and the chance falls as 1 / rank^η (Joachims,
    Swaminathan and Schnabel, WSDM 2017). Who accepts or rejects has looked, whatever the rank.
    """
    base = rules.by_state[state]
    left = math.pow(0.5, max(age_days, 0.0) / rules.half_life_days)
    if state in POSITIVE_STATES:
        plain = rules.by_state[State.ASSIGNED]
        return round(plain + (base - plain) * left, DIGITS)
    looked_at = examination_propensity(rank, rules.examination_exponent) if state == State.IGNORED else 1.0
    return round(base * left * looked_at, DIGITS)


def examination_propensity(rank: int | None, exponent: float) -> float:
    """Chance that somebody looked at the suggestion of this rank, 1 being the best; 1 where there was no rank."""
    return 1.0 if rank is None or rank < 1 else math.pow(rank, -exponent)


def capped(cells: Sequence[WeighedCell], rules: WeightRules) -> list[WeighedCell]:
    """The cells in their order, weights scaled down where an actor, and then a tag, has more than its cap.

    Of positive cells only what lies over a plain tag's weight is capped: that many documents bear a tag is no excess.
    """
    return _scaled_by_tag(_scaled_by_actor(cells, rules), rules)


def _scaled_by_actor(cells: Sequence[WeighedCell], rules: WeightRules) -> list[WeighedCell]:
    plain = rules.by_state[State.ASSIGNED]
    sums: defaultdict[tuple[int, uuid.UUID, bool], float] = defaultdict(float)
    for each in cells:
        if each.actor_id is not None:
            sums[each.actor_id, each.tag_id, each.is_negative] += abs(_excess(each, plain))
    return [
        each
        if each.actor_id is None
        else _scaled(each, plain, rules.actor_cap, sums[each.actor_id, each.tag_id, each.is_negative])
        for each in cells
    ]


def _scaled_by_tag(cells: Sequence[WeighedCell], rules: WeightRules) -> list[WeighedCell]:
    sums: defaultdict[uuid.UUID, float] = defaultdict(float)
    for each in cells:
        if each.is_negative:
            sums[each.tag_id] += each.weight
    return [_scaled(each, 0.0, rules.tag_cap, sums[each.tag_id]) if each.is_negative else each for each in cells]


def _excess(cell: WeighedCell, plain: float) -> float:
    return cell.weight if cell.is_negative else cell.weight - plain


def _scaled(cell: WeighedCell, plain: float, cap: float, total: float) -> WeighedCell:
    if total <= cap:
        return cell
    floor = 0.0 if cell.is_negative else plain
    return replace(cell, weight=_rounded_down(floor + (cell.weight - floor) * cap / total))


def _rounded_down(weight: float) -> float:
    """So that a sum of rounded weights stays under its cap."""
    scale = float(10**DIGITS)
    return math.floor(weight * scale) / scale
