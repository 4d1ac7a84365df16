"""The figures that are watched, and what people call them."""

from typing import Any

from django.utils.translation import gettext_lazy as _

CUTOFFS = (1, 3, 5)
ABSTAIN_RATE, SUBMITTED_RATE, ADDED_RATE, MRR, TRIAL_ACCEPTANCE, KEPT_RATE = (
    "abstain_rate",
    "submitted_rate",
    "added_rate",
    "mrr",
    "trial_acceptance",
    "kept_rate",
)
SHOWN_ENTROPY, CHOSEN_ENTROPY, ENTROPY_RATIO = "shown_entropy", "chosen_entropy", "entropy_ratio"
TAIL_SHOWN, TAIL_ACCEPTED, TAIL_CHOSEN = "tail_shown", "tail_accepted", "tail_chosen"
COVERAGE, COLD_SHOWN, COLD_ACCEPTED = "catalogue_coverage", "cold_start_shown", "cold_start_accepted"

FIGURES: dict[str, Any] = {
    **{f"hit_rate_at_{k}": f"HR@{k}" for k in CUTOFFS},
    **{f"ndcg_at_{k}": f"nDCG@{k}" for k in CUTOFFS},
    MRR: "MRR",
    "acceptance_at_1": _("acceptance@1"),
    "acceptance_at_3": _("acceptance@3"),
    "acceptance_at_5": _("acceptance@5"),
    KEPT_RATE: _("accepted and kept for 30 days"),
    ADDED_RATE: _("added by hand"),
    ABSTAIN_RATE: _("abstained"),
    SUBMITTED_RATE: _("submitted"),
    TRIAL_ACCEPTANCE: _("acceptance of trials"),
    SHOWN_ENTROPY: _("entropy of shown tags, bits"),
    CHOSEN_ENTROPY: _("entropy of chosen tags, bits"),
    ENTROPY_RATIO: _("entropy, shown / chosen"),
    TAIL_SHOWN: _("rare tags among shown"),
    TAIL_ACCEPTED: _("rare tags among accepted"),
    TAIL_CHOSEN: _("rare tags among chosen"),
    COVERAGE: _("catalogue coverage"),
    COLD_SHOWN: _("unlearnt tags shown"),
    COLD_ACCEPTED: _("unlearnt tags accepted"),
}
