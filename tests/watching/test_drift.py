"""Drift against the champion's training: silence where nothing changed, alarm where it did, reasons where unknown."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from recommender import registry
from recommender.models import DriftValue, ModelVersion, WatchPolicy
from recommender.selectors import champion
from recommender.serving import rankers
from recommender.watching.drift import check_drift
from recommender.watching.profiles import PROFILE_FILE, reference_profile
from tagplatform.content.models import TagAssignment
from tagplatform.taxonomy.models import Vocabulary
from tests.factories import DocumentFactory, SourceFactory, VocabularyFactory
from tests.recommender.conftest import WORDS_BY_TAG, add_documents
from tests.recommender.conftest import thumb_newsroom as thumb_newsroom
from tests.recommender.test_retraining import do_run
from tests.watching.world import give

pytestmark = pytest.mark.django_db(transaction=True)
Measure = DriftValue.Measure


@pytest.fixture
def newsroom(thumb_newsroom: Vocabulary) -> Iterator[Vocabulary]:
    rankers.forget()
    do_run(thumb_newsroom)
    WatchPolicy.objects.create(vocabulary=thumb_newsroom, fewest=30)
    TagAssignment.objects.update(assigned_at=timezone.now() - timedelta(days=100))
    yield thumb_newsroom
    rankers.forget()


def live(vocabulary: Vocabulary) -> ModelVersion:
    version = champion(vocabulary)
    assert version is not None
    return version


def ask_as_in_training(vocabulary: Vocabulary, n: int = 20) -> None:
    """New documents as the old ones, suggested and given the tag that they are about."""
    source, name = SourceFactory(), live(vocabulary).name
    tags = {tag.notation: tag for tag in vocabulary.tags.all()}
    for notation, words in WORDS_BY_TAG.items():
        for document in add_documents(vocabulary, source, notation, words, n=n):
            others = [tag for tag in tags.values() if tag.notation != notation]
            give([tags[notation], *others], moment=timezone.now(), document=document, model_version=name)
    TagAssignment.objects.filter(document__source=source).update(origin="editor")


def ask_about_cooking(vocabulary: Vocabulary, n: int = 60) -> None:
    """Long texts about what no document was about, in another language; all get one tag."""
    tag, source, name = vocabulary.tags.get(notation="space"), SourceFactory(), live(vocabulary).name
    for number in range(n):
        body = " ".join(f"tarte{number % 7} beurre farine sucre four cuire minutes chaud {number}" for _ in range(20))
        document = DocumentFactory(source=source, title="Tarte", body=body, language="fr")
        TagAssignment.objects.create(document=document, tag=tag, origin="editor")
        give([tag], moment=timezone.now(), document=document, model_version=name)


def values(vocabulary: Vocabulary) -> dict[str, DriftValue]:
    check_drift(vocabulary)
    return {value.measure: value for value in DriftValue.objects.filter(vocabulary=vocabulary)}


def test_training_leaves_a_profile_that_counts_every_document_and_tag(newsroom: Vocabulary) -> None:
    profile = reference_profile(live(newsroom))

    assert profile is not None
    assert profile.n_documents == 60
    assert sum(profile.texts.length.values()) == sum(profile.tags.values()) == 60
    assert sum(profile.scores.values()) == sum(profile.texts.topic.values()) < 60  # held-out documents alone
    assert set(profile.tags) == {str(tag.pk) for tag in newsroom.tags.all()}


def test_texts_as_in_training_are_no_drift(newsroom: Vocabulary) -> None:
    ask_as_in_training(newsroom)

    found = values(newsroom)

    texts = {Measure.LENGTH, Measure.LANGUAGE, Measure.TOPIC, Measure.TAGS}
    assert {name: found[name].is_drift for name in texts} == dict.fromkeys(texts, False)
    assert all(found[name].value is not None and found[name].n_current == 60 for name in texts)


def test_other_texts_and_other_tags_are_drift_and_say_what_has_changed(newsroom: Vocabulary) -> None:
    ask_about_cooking(newsroom)

    found = values(newsroom)

    drifted = {name for name, value in found.items() if value.is_drift}
    assert drifted >= {
        Measure.LENGTH, Measure.LANGUAGE, Measure.UNKNOWN_WORDS, Measure.TOPIC, Measure.SUGGESTED, Measure.TAGS
    }  # fmt: skip
    assert "fr" in {change[0] for change in found[Measure.LANGUAGE].changes}
    assert found[Measure.TAGS].changes[0][1:3] != [0, 0]


def test_few_documents_are_not_compared(newsroom: Vocabulary) -> None:
    ask_about_cooking(newsroom, n=29)

    found = values(newsroom)

    assert {value.reason for value in found.values()} == {"too_few"}
    assert not any(value.is_drift for value in found.values())


def test_what_lies_before_the_window_does_not_count(newsroom: Vocabulary) -> None:
    ask_about_cooking(newsroom)
    WatchPolicy.objects.update(window_days=1)
    TagAssignment.objects.update(assigned_at=timezone.now() - timedelta(days=2))

    assert values(newsroom)[Measure.TAGS].n_current == 0


def test_a_version_without_a_profile_gets_it_from_its_snapshot_or_says_why_not(newsroom: Vocabulary) -> None:
    version = live(newsroom)
    path = registry.evaluated_directory(version) / PROFILE_FILE
    written = path.read_bytes()
    path.unlink()

    from_snapshot = reference_profile(version)

    assert from_snapshot is not None
    assert path.read_bytes() == written
    path.write_text("{}")
    newsroom.data_snapshots.update(status="deleted")
    assert {value.reason for value in values(newsroom).values()} == {"no_profile"}


def test_the_same_day_again_replaces_its_values_and_no_champion_gives_none(newsroom: Vocabulary) -> None:
    ask_as_in_training(newsroom)

    values(newsroom)
    values(newsroom)

    assert DriftValue.objects.count() == len(Measure)
    assert check_drift(VocabularyFactory()) == []
