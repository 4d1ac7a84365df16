"""What the database itself refuses in a vocabulary."""

import threading
import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from tagplatform.taxonomy.labels import normalise_label, pinyin_initials
from tagplatform.taxonomy.models import Tag, TagLabel, Vocabulary
from tests.factories import TagFactory, VocabularyFactory

pytestmark = pytest.mark.django_db


def test_a_tag_cannot_be_its_own_ancestor() -> None:
    top = TagFactory()
    middle = TagFactory(vocabulary=top.vocabulary, parent=top)
    bottom = TagFactory(vocabulary=top.vocabulary, parent=middle)

    with pytest.raises(IntegrityError, match="own ancestor"), transaction.atomic():
        Tag.objects.filter(pk=top.pk).update(parent=bottom)

    top.refresh_from_db()
    assert top.parent is None


def test_a_parent_stands_in_the_same_vocabulary() -> None:
    stranger = TagFactory()

    with pytest.raises(IntegrityError, match="another vocabulary"):
        TagFactory(parent=stranger)


@pytest.mark.django_db(transaction=True)
def test_two_moves_at_once_cannot_close_a_cycle_together() -> None:
    a = TagFactory()
    b = TagFactory(vocabulary=a.vocabulary)
    barrier = threading.Barrier(2)
    refused: list[str] = []

    def move(child: uuid.UUID, parent: uuid.UUID) -> None:
        try:
            with transaction.atomic():
                barrier.wait()
                Tag.objects.filter(pk=child).update(parent=parent)
        except IntegrityError as error:
            refused.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=move, args=pair) for pair in ((a.pk, b.pk), (b.pk, a.pk))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1
    assert Tag.objects.filter(parent=None).count() == 1


@pytest.mark.parametrize("twin", ["Machine  Learning", "ＭＡＣＨＩＮＥ learning", "machine\u00a0learning"])
def test_labels_that_read_the_same_stand_once_in_a_vocabulary(twin: str) -> None:
    tag = TagFactory(label="machine learning")
    other = TagFactory(vocabulary=tag.vocabulary)

    with pytest.raises(IntegrityError):
        TagLabel.of(other, twin, language="zh", kind=TagLabel.Kind.HIDDEN).save()


def test_the_same_label_may_stand_in_two_vocabularies() -> None:
    TagFactory(label="same")

    TagFactory(label="same")

    assert TagLabel.objects.filter(normalised_text="same").count() == 2


def test_a_tag_has_one_preferred_label_a_language() -> None:
    tag = TagFactory()

    with pytest.raises(IntegrityError):
        TagLabel.of(tag, "second", language="en", kind=TagLabel.Kind.PREFERRED).save()


def test_every_change_of_tags_or_labels_counts_the_version_up() -> None:
    vocabulary = VocabularyFactory()
    versions = []

    def look() -> None:
        versions.append(Vocabulary.objects.values_list("version", flat=True).get(pk=vocabulary.pk))

    look()
    tag = TagFactory(vocabulary=vocabulary)
    look()
    Tag.objects.filter(pk=tag.pk).update(status=Tag.Status.RETIRED)
    look()
    tag.labels.all().delete()
    look()
    Vocabulary.objects.filter(pk=vocabulary.pk).update(language="zh")
    look()

    assert versions == sorted(set(versions))


def test_saving_a_vocabulary_that_was_read_earlier_does_not_take_its_version_back() -> None:
    read_earlier = VocabularyFactory()
    TagFactory(vocabulary=read_earlier)
    version = Vocabulary.objects.get().version

    read_earlier.name = "Another name"
    read_earlier.save()

    assert Vocabulary.objects.get().version == version > read_earlier.version


def test_normalising_is_stable_and_pinyin_only_for_chinese() -> None:
    assert normalise_label("  ＫＶ  Ｃache\n") == "kv cache"
    assert normalise_label(normalise_label("Straße ǅ")) == normalise_label("Straße ǅ")
    assert pinyin_initials("人工智能") == "rgzn"
    assert pinyin_initials("AI") == ""
