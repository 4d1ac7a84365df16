"""The figures that are watched: what people call them, what they say, and which stand in one chart."""

import math
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from recommender.models.figures import (
    ABSTAIN_RATE,
    ADDED_RATE,
    CHOSEN_ENTROPY,
    COLD_ACCEPTED,
    COLD_SHOWN,
    COVERAGE,
    CUTOFFS,
    ENTROPY_RATIO,
    KEPT_RATE,
    MRR,
    SHOWN_ENTROPY,
    SUBMITTED_RATE,
    TAIL_ACCEPTED,
    TAIL_CHOSEN,
    TAIL_SHOWN,
    TRIAL_ACCEPTANCE,
)


@dataclass(frozen=True)
class Group:
    """Figures that are drawn together, with what they say."""

    name: str
    title: Any
    sentence: Any
    figures: tuple[str, ...]
    is_share: bool = True


GROUPS = (
    Group(
        "hits",
        _("Hits"),
        _("Share of submitted documents on which one of the first 1, 3, 5 suggestions was right."),
        tuple(f"hit_rate_at_{k}" for k in CUTOFFS),
    ),
    Group(
        "ranking",
        _("Ranking"),
        _("How far up the chosen tags stood: 1 is a perfect list."),
        (*(f"ndcg_at_{k}" for k in CUTOFFS), MRR),
    ),
    Group(
        "acceptance",
        _("Acceptance"),
        _("Share of the first 1, 3, 5 suggestions shown that were accepted; of all accepted ones, how many their "
          "document still bore after 30 days."),
        (*(f"acceptance_at_{k}" for k in CUTOFFS), KEPT_RATE),
    ),
    Group(
        "work",
        _("Work that is left"),
        _("Chosen tags that people had to add by hand; answers without a suggestion over its threshold; answers "
          "that were submitted; tried-out tags that were accepted."),
        (ADDED_RATE, ABSTAIN_RATE, SUBMITTED_RATE, TRIAL_ACCEPTANCE),
    ),
    Group(
        "entropy",
        _("Diversity"),
        _("Entropy of the shown tags over that of the chosen ones: well below 1, the suggestions narrow down on "
          "popular tags."),
        (ENTROPY_RATIO,),
        is_share=False,
    ),
    Group(
        "tail",
        _("Rare tags"),
        _("Share of tags that fewer than 10 documents bore when the model’s training began."),
        (TAIL_SHOWN, TAIL_ACCEPTED, TAIL_CHOSEN),
    ),
    Group(
        "coverage",
        _("Coverage"),
        _("Share of all tags that were shown; of the tags without a document to learn from, how many were shown and "
          "accepted."),
        (COVERAGE, COLD_SHOWN, COLD_ACCEPTED),
    ),
)  # fmt: skip

HEADLINES = ("acceptance_at_3", "ndcg_at_5", ADDED_RATE, ABSTAIN_RATE, ENTROPY_RATIO)
"""What the top of the page shows, as a rule."""
BLIND_HEADLINES = ("hit_rate_at_5", "ndcg_at_5", MRR)
"""On documents tagged blind nothing was shown, so nothing was accepted."""

NOT_SHARES = {SHOWN_ENTROPY, CHOSEN_ENTROPY, ENTROPY_RATIO}


def in_words(figure: str, value: float) -> str:
    """A value of the figure: shares in per cent, anything else with two decimals, a dash where it is undefined."""
    if math.isnan(value):
        return "–"
    return f"{value:.2f}" if figure in NOT_SHARES else f"{100 * value:.1f} %"
