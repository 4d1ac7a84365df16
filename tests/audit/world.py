"""A small vocabulary with a champion whose held-out predictions are made by hand."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings

from recommender import ml, registry
from recommender.ml.held_out import kept_predictions
from recommender.models import ModelAlias, ModelVersion
from tagplatform.content.models import Document
from tagplatform.taxonomy.models import Tag, Vocabulary
from tests.factories import DocumentFactory, ModelVersionFactory, TagFactory, VocabularyFactory

N_DOCUMENTS = 40


@dataclass
class World:
    """Sport and football go together on 20 documents; the model misses football, and sees politics in sport."""

    vocabulary: Vocabulary
    version: ModelVersion
    facet: Tag
    tags: dict[str, Tag]
    documents: list[Document]

    @property
    def slug(self) -> str:
        return self.vocabulary.slug


def make_world(names: tuple[str, ...] = ("sport", "football", "politics", "rare")) -> World:
    """20 documents with sport and football, 16 with politics, 4 with a rare tag."""
    vocabulary = VocabularyFactory(slug="news", name="News")
    facet = TagFactory(vocabulary=vocabulary, notation="subject", label="Subject", recommendable=False)
    tags = {name: TagFactory(vocabulary=vocabulary, notation=name, label=name.title()) for name in names}
    Tag.objects.filter(notation__in=("sport", "football")).update(parent=facet)
    documents = [DocumentFactory(title=f"Document {number}") for number in range(N_DOCUMENTS)]
    labels: list[tuple[int, ...]] = [*[(0, 1)] * 20, *[(2,)] * 16, *[(3,)] * 4]
    probabilities = np.full((N_DOCUMENTS, 4), 0.01, np.float32)
    probabilities[:20] = [0.9, 0.3, 0.5, 0.0]
    probabilities[20:36, 2] = 0.8
    version = make_champion(vocabulary, list(tags.values()), documents, labels, probabilities)
    return World(vocabulary, version, facet, tags, documents)


def make_champion(
    vocabulary: Vocabulary,
    tags: list[Tag],
    documents: list[Document],
    labels: list[tuple[int, ...]],
    probabilities: np.ndarray,
) -> ModelVersion:
    """A live version with these held-out predictions beside its (absent) bundle."""
    space = ml.LabelSpace(tuple(str(tag.pk) for tag in tags), "many")
    examples = [
        ml.Example(ml.Text(document.title, ""), labels=own, document_id=str(document.pk))
        for document, own in zip(documents, labels, strict=True)
    ]
    path = f"{vocabulary.slug}/evaluated"
    directory = Path(settings.BUNDLES_DIR) / path
    directory.mkdir(parents=True)
    kept_predictions(space, examples, probabilities).save(directory / registry.HELD_OUT_FILE)
    version: ModelVersion = ModelVersionFactory(
        vocabulary=vocabulary, evaluated_path=path, n_documents=len(documents), n_labels=len(tags)
    )
    ModelAlias.objects.create(vocabulary=vocabulary, name=ModelAlias.Name.CHAMPION, version=version)
    return version
