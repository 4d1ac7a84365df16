"""The arms of the replay: what an installation does with its decisions, as policies that an administrator can set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Policies = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Arm:
    """How a model learns anew each month, and whether answers follow decisions between.

    With `kind` every run is asked to be of that kind; without, the training policy decides, as it does on schedule.
    """

    name: str
    is_retrained: bool = True
    kind: str = ""
    is_adjusted: bool = False
    never_shown_is_negative: bool = False

    def policies(self, *, recipe: str, seed: int, config: Mapping[str, Any]) -> Policies:
        """Field → value by model of the recommender; whatever is not named stays at its default."""
        return {
            "TrainingPolicy": {"recipe": recipe, "seed": seed, "config": dict(config)},
            "AdjustmentPolicy": {"is_on": self.is_adjusted, "new_tags_from_examples": self.is_adjusted},
            "EvidencePolicy": {
                # A month passes in a minute here: how fast somebody decides says nothing
                "documents_a_second": 1000,
                "never_shown_is_negative": self.never_shown_is_negative,
            },
        }


NEVER = Arm("never", is_retrained=False)
FULL = Arm("monthly-full", kind="full")
INCREMENTAL = Arm("monthly-incremental")
ADJUSTED = Arm("incremental-adjusted", is_adjusted=True)
SPIRAL = Arm("never-shown-is-negative", kind="full", never_shown_is_negative=True)
ARMS = {arm.name: arm for arm in (NEVER, FULL, INCREMENTAL, ADJUSTED)}
EXTRA_ARMS = {arm.name: arm for arm in (SPIRAL,)}
