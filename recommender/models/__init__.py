"""The recommender's tables, a module a subject."""

from recommender.models.adjusting import AdjustmentPolicy
from recommender.models.alerts import Alert, AlertDelivery, AlertRule, WebhookEndpoint
from recommender.models.challenging import ChallengePolicy, Interleaving, ShadowAnswer
from recommender.models.drift import DriftValue, WatchPolicy
from recommender.models.evidence import EvidencePolicy
from recommender.models.gate import GatePolicy
from recommender.models.recipes import BASELINE, DEFAULT_RECIPE, RECIPE_LABELS, recipe_choices, recipe_label
from recommender.models.snapshots import DataSnapshot
from recommender.models.training import TrainingPolicy, TrainingRun
from recommender.models.versions import ModelAlias, ModelAliasChange, ModelVersion
from recommender.models.watching import DailyFigure, DailyTagCount

__all__ = [
    "BASELINE",
    "DEFAULT_RECIPE",
    "RECIPE_LABELS",
    "AdjustmentPolicy",
    "Alert",
    "AlertDelivery",
    "AlertRule",
    "ChallengePolicy",
    "DailyFigure",
    "DailyTagCount",
    "DataSnapshot",
    "DriftValue",
    "EvidencePolicy",
    "GatePolicy",
    "Interleaving",
    "ModelAlias",
    "ModelAliasChange",
    "ModelVersion",
    "ShadowAnswer",
    "TrainingPolicy",
    "TrainingRun",
    "WatchPolicy",
    "WebhookEndpoint",
    "recipe_choices",
    "recipe_label",
]
