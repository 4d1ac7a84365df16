"""The tag space of each version: written where training ends, read by the pages, made anew where no file tells it."""

import logging
import uuid
from functools import lru_cache
from pathlib import Path

from django.utils.translation import gettext as _

from recommender import ml, registry
from recommender.ml.examples import IntArray
from recommender.ml.tag_space import TagSpace, predicted_tag_space, trained_tag_space
from recommender.models import ModelVersion
from tagplatform.common.errors import NotFound

logger = logging.getLogger(__name__)

TAG_SPACE_FILE = "tags.safetensors"


def write_tag_space(  # noqa: PLR0913 - one call that says everything
    directory: Path,
    trained: ml.TrainedRanker,
    predictions: ml.HeldOutPredictions,
    label_counts: IntArray,
    *,
    seed: int,
    parent: ModelVersion | None = None,
) -> None:
    """Keep the space beside the bundle; a run that has trained a model does not fail for want of its picture."""
    try:
        before = stored_tag_space(parent) if parent is not None else None
        space = trained_tag_space(trained, predictions, label_counts, seed=seed, parent=before)
        space.save(directory / TAG_SPACE_FILE)
    except Exception:
        logger.exception("the tag space of %s could not be written", directory)


def stored_tag_space(version: ModelVersion) -> TagSpace | None:
    """What training has kept; None where it has not, or what it has kept cannot be read."""
    path = registry.evaluated_directory(version) / TAG_SPACE_FILE
    if not path.exists():
        return None
    try:
        return TagSpace.load(path)
    except ml.BundleError:
        logger.warning("the tag space of %s cannot be read", version.name)
        return None


def tag_space(version: ModelVersion) -> TagSpace:
    """The space of the version; NotFound where neither a file nor held-out predictions tell it."""
    try:
        return _read(version.pk, version.evaluated_path)
    except (ml.MLError, OSError) as error:
        detail = _("Neither tag vectors nor held-out predictions of %(version)s can be read. Train a new version.")
        raise NotFound(detail % {"version": version.name}, code="no_tag_space") from error


@lru_cache(maxsize=2)
def _read(version_id: uuid.UUID, evaluated_path: str) -> TagSpace:
    """Bundles never change once written, so the version's id is enough to remember them by."""
    version = ModelVersion.objects.select_related("vocabulary").get(pk=version_id)
    return stored_tag_space(version) or predicted_tag_space(registry.held_out_predictions(version))
