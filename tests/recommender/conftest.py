"""A newsroom of the size of a thumb: two tags that a model learns in a second."""

import pytest

from recommender.serving import rankers
from tagplatform.content.models import Document, Source, TagAssignment
from tagplatform.taxonomy.models import Vocabulary
from tests.factories import DocumentFactory, SourceFactory, TagFactory, VocabularyFactory

WORDS_BY_TAG = {
    "football": "goal striker league penalty keeper pitch coach derby",
    "gardening": "seed soil rose compost prune bulb hedge watering",
    "space": "rocket orbit lunar probe telescope comet launch crew",
}


@pytest.fixture(autouse=True)
def no_ranker_from_another_test() -> None:
    rankers.forget()


def add_documents(vocabulary: Vocabulary, source: Source, notation: str, words: str, n: int = 20) -> list[Document]:
    """Documents made of a tag's words, each with the tag."""
    tag = vocabulary.tags.get(notation=notation)
    chosen = words.split()
    documents = [
        DocumentFactory(
            source=source,
            title=chosen[i % 8],
            body=" ".join(chosen[i % 5 : i % 5 + 4]) + f" number{i}",
            split_group=f"{notation} {i}",  # the same split, and so the same model, in every run
        )
        for i in range(n)
    ]
    TagAssignment.objects.bulk_create([TagAssignment(document=d, tag=tag, origin="imported") for d in documents])
    return documents


@pytest.fixture
def thumb_newsroom(transactional_db: None) -> Vocabulary:
    vocabulary: Vocabulary = VocabularyFactory(slug="thumb", name="Thumb")
    source = SourceFactory()
    for notation, words in WORDS_BY_TAG.items():
        TagFactory(vocabulary=vocabulary, notation=notation, label=notation.title())
        add_documents(vocabulary, source, notation, words)
    vocabulary.refresh_from_db()
    return vocabulary
