"""Rows for tests: each factory makes the smallest valid one."""

import factory

from feedback.models import Recommendation
from recommender.models import ModelVersion, TrainingRun
from tagplatform.access.models import User
from tagplatform.content.models import Document, Source, TagAssignment, content_hash
from tagplatform.taxonomy.models import Tag, TagLabel, Vocabulary


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")


class VocabularyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Vocabulary

    slug = factory.Sequence(lambda n: f"vocabulary-{n}")
    name = factory.LazyAttribute(lambda vocabulary: vocabulary.slug.title())


class TagFactory(factory.django.DjangoModelFactory):
    """A tag with a preferred English label equal to its notation."""

    class Meta:
        model = Tag
        skip_postgeneration_save = True

    vocabulary = factory.SubFactory(VocabularyFactory)
    notation = factory.Sequence(lambda n: f"tag-{n}")

    @factory.post_generation
    def label(self: Tag, create: bool, extracted: str | None, **kwargs: object) -> None:
        if create:
            text = extracted or self.notation
            TagLabel.of(self, text, language="en", kind=TagLabel.Kind.PREFERRED).save()


class SourceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Source

    slug = factory.Sequence(lambda n: f"source-{n}")
    name = factory.LazyAttribute(lambda source: source.slug.title())


class DocumentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Document

    source = factory.SubFactory(SourceFactory)
    external_id = factory.Sequence(lambda n: f"document-{n}")
    title = factory.Sequence(lambda n: f"Title {n}")
    body = factory.Sequence(lambda n: f"Body of document {n}")
    content_hash = factory.LazyAttribute(lambda document: content_hash(document.title, document.body))


class TagAssignmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TagAssignment

    document = factory.SubFactory(DocumentFactory)
    tag = factory.SubFactory(TagFactory)
    origin = TagAssignment.Origin.IMPORTED


class RecommendationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Recommendation

    vocabulary = factory.SubFactory(VocabularyFactory)
    model_version = "test-1"
    vocabulary_version = 1
    content_hash = "0" * 64
    latency_ms = 1.0


class TrainingRunFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TrainingRun

    vocabulary = factory.SubFactory(VocabularyFactory)
    recipe = "tfidf-logreg"
    trigger = "manual"


class ModelVersionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ModelVersion

    vocabulary = factory.SubFactory(VocabularyFactory)
    number = factory.Sequence(lambda n: n + 1)
    recipe = "tfidf-logreg"
    bundle_path = evaluated_path = "nowhere"
    bundle_digest = "0" * 64
    n_documents = 1
    n_labels = 1
