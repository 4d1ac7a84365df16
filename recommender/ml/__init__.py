"""The machine learning: pure, without framework, database, settings, clock or global seed.

Names are loaded on first use, so that importing the package costs nothing and serving never meets torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recommender.ml.affordable import affordable_labels as affordable_labels
    from recommender.ml.bundles import Manifest as Manifest
    from recommender.ml.bundles import open_bundle as open_bundle
    from recommender.ml.bundles import open_trained as open_trained
    from recommender.ml.bundles import read_manifest as read_manifest
    from recommender.ml.bundles import save_bundle as save_bundle
    from recommender.ml.bundles import verify_bundle as verify_bundle
    from recommender.ml.calibration import confidence as confidence
    from recommender.ml.configs import LogisticConfig as LogisticConfig
    from recommender.ml.configs import NetworkConfig as NetworkConfig
    from recommender.ml.errors import BundleCorrupt as BundleCorrupt
    from recommender.ml.errors import BundleError as BundleError
    from recommender.ml.errors import BundleExists as BundleExists
    from recommender.ml.errors import BundleMissing as BundleMissing
    from recommender.ml.errors import BundleUnwritable as BundleUnwritable
    from recommender.ml.errors import BundleVersionUnsupported as BundleVersionUnsupported
    from recommender.ml.errors import ConfigInvalid as ConfigInvalid
    from recommender.ml.errors import MLError as MLError
    from recommender.ml.errors import NotEnoughExamples as NotEnoughExamples
    from recommender.ml.errors import ParentUnfit as ParentUnfit
    from recommender.ml.errors import RecipeUnknown as RecipeUnknown
    from recommender.ml.evaluation import Evaluation as Evaluation
    from recommender.ml.evaluation import evaluate as evaluate
    from recommender.ml.examples import Example as Example
    from recommender.ml.examples import LabelSpace as LabelSpace
    from recommender.ml.examples import Text as Text
    from recommender.ml.examples import label_counts as label_counts
    from recommender.ml.held_out import HeldOutPredictions as HeldOutPredictions
    from recommender.ml.held_out import held_out_predictions as held_out_predictions
    from recommender.ml.lexical import LexicalIndex as LexicalIndex
    from recommender.ml.parts import Obstacle as Obstacle
    from recommender.ml.parts import SimilarDocument as SimilarDocument
    from recommender.ml.parts import TrainingTask as TrainingTask
    from recommender.ml.ranker import Ranker as Ranker
    from recommender.ml.ranker import Ranking as Ranking
    from recommender.ml.recipes import config_from_json as config_from_json
    from recommender.ml.recipes import default_config as default_config
    from recommender.ml.recipes import recipe_names as recipe_names
    from recommender.ml.refitting import refit_ranker as refit_ranker
    from recommender.ml.replay import LearntExamples as LearntExamples
    from recommender.ml.replay import Replay as Replay
    from recommender.ml.replay import ReplayLimits as ReplayLimits
    from recommender.ml.seen import SeenDocuments as SeenDocuments
    from recommender.ml.settings_json import config_as_json as config_as_json
    from recommender.ml.spans import Evidence as Evidence
    from recommender.ml.splits import Split as Split
    from recommender.ml.splits import split_examples as split_examples
    from recommender.ml.tag_texts import TagText as TagText
    from recommender.ml.training import TrainedRanker as TrainedRanker
    from recommender.ml.training import train_ranker as train_ranker
    from recommender.ml.updating import update_obstacle as update_obstacle
    from recommender.ml.updating import update_ranker as update_ranker
    from recommender.ml.widening import ReadsTagTexts as ReadsTagTexts
    from recommender.ml.widening import widened as widened

_NAMES_BY_MODULE = {
    "affordable": ("affordable_labels",),
    "bundles": ("Manifest", "open_bundle", "open_trained", "read_manifest", "save_bundle", "verify_bundle"),
    "calibration": ("confidence",),
    "configs": ("LogisticConfig", "NetworkConfig"),
    "errors": (
        "BundleCorrupt",
        "BundleError",
        "BundleExists",
        "BundleMissing",
        "BundleUnwritable",
        "BundleVersionUnsupported",
        "ConfigInvalid",
        "MLError",
        "NotEnoughExamples",
        "ParentUnfit",
        "RecipeUnknown",
    ),
    "evaluation": ("Evaluation", "evaluate"),
    "examples": ("Example", "LabelSpace", "Text", "label_counts"),
    "held_out": ("HeldOutPredictions", "held_out_predictions"),
    "lexical": ("LexicalIndex",),
    "parts": ("Obstacle", "SimilarDocument", "TrainingTask"),
    "ranker": ("Ranker", "Ranking"),
    "recipes": ("config_from_json", "default_config", "recipe_names"),
    "refitting": ("refit_ranker",),
    "replay": ("LearntExamples", "Replay", "ReplayLimits"),
    "seen": ("SeenDocuments",),
    "settings_json": ("config_as_json",),
    "spans": ("Evidence",),
    "splits": ("Split", "split_examples"),
    "tag_texts": ("TagText",),
    "training": ("TrainedRanker", "train_ranker"),
    "updating": ("update_obstacle", "update_ranker"),
    "widening": ("ReadsTagTexts", "widened"),
}
_MODULE_BY_NAME = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names}
__all__ = sorted(_MODULE_BY_NAME)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _MODULE_BY_NAME:
        raise AttributeError(f"{__name__} has no {name}")
    return getattr(import_module(f"{__name__}.{_MODULE_BY_NAME[name]}"), name)
