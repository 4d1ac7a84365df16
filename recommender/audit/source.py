"""Where the audit's numbers come from: the champion's predictions for documents that it was not trained on."""

import uuid
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from django.utils.translation import gettext as _
from scipy.sparse import csr_matrix

from recommender import ml, registry
from recommender.models import ModelAlias, ModelVersion
from recommender.selectors import champion
from tagplatform.common.errors import NotFound
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.selectors import find_vocabulary


@dataclass(frozen=True)
class HeldOut:
    """Documents by row, tags by column: which are true, and the probability that the model gave each."""

    document_ids: list[uuid.UUID]
    tag_ids: list[uuid.UUID]
    gold: csr_matrix
    probabilities: csr_matrix

    @property
    def n_documents(self) -> int:
        return len(self.document_ids)

    @property
    def column_by_tag_id(self) -> dict[uuid.UUID, int]:
        return {tag_id: column for column, tag_id in enumerate(self.tag_ids)}


def audited_vocabulary(slug: str) -> Vocabulary:
    """The one that was asked for, else the one whose champion has learnt from the most documents."""
    if slug:
        return find_vocabulary(slug)
    champions = ModelAlias.objects.filter(name=ModelAlias.Name.CHAMPION).select_related("vocabulary")
    alias = champions.order_by("-version__n_documents").first()
    vocabulary = alias.vocabulary if alias else Vocabulary.objects.first()
    if vocabulary is None:
        raise NotFound(_("There is no vocabulary yet. Import tags and documents first."), code="unknown_vocabulary")
    return vocabulary


def audited_version(vocabulary: Vocabulary) -> ModelVersion:
    """The champion; NotFound where none is live yet."""
    version = champion(vocabulary)
    if version is None:
        detail = _("“%(vocabulary)s” has no champion yet. Train a model, then come back.")
        raise NotFound(detail % {"vocabulary": vocabulary}, code="no_model")
    return version


def held_out(version: ModelVersion) -> HeldOut:
    """The version's held-out predictions; NotFound where they are missing, damaged or empty."""
    try:
        found = _read(version.pk, version.evaluated_path)
    except (ml.MLError, OSError) as error:
        detail = _("The held-out predictions of %(version)s cannot be read. Train a new version to have them written.")
        raise NotFound(detail % {"version": version.name}, code="no_held_out_predictions") from error
    if not found.n_documents:
        detail = _("%(version)s was trained without held-out documents. Tag more documents and train again.")
        raise NotFound(detail % {"version": version.name}, code="no_held_out_documents")
    return found


@lru_cache(maxsize=2)
def _read(version_id: uuid.UUID, evaluated_path: str) -> HeldOut:
    """Bundles never change once written, so the version's id is enough to remember them by."""
    version = ModelVersion.objects.get(pk=version_id)
    predictions = registry.held_out_predictions(version)
    shape = (len(predictions.document_ids), predictions.label_space.n_labels)
    true = np.ones(len(predictions.gold_labels))
    return HeldOut(
        document_ids=[uuid.UUID(document_id) for document_id in predictions.document_ids],
        tag_ids=[uuid.UUID(tag_id) for tag_id in predictions.label_space.tag_ids],
        gold=csr_matrix((true, predictions.gold_labels, predictions.gold_offsets), shape),
        probabilities=csr_matrix(
            (predictions.probabilities.astype(np.float64), predictions.labels, predictions.offsets), shape
        ),
    )
