"""Tags in the admin: labels, parents, codes, and a status that changes by operations."""

from typing import Any

from django.test import Client
from django.urls import reverse

from tagplatform.taxonomy.models import Tag, TagLabel, TagOperation
from tests.admin.addresses import page_of
from tests.factories import (
    TagFactory,
    VocabularyFactory,
)


def test_tags_leave_use_by_an_operation(admin_client: Client, admin: Any) -> None:
    tag = TagFactory()

    answer = admin_client.post(
        reverse("admin:taxonomy_tag_changelist"),
        {"action": "deprecate", "_selected_action": [str(tag.pk)]},
        follow=True,
    )

    tag.refresh_from_db()
    assert tag.status == Tag.Status.DEPRECATED
    made = TagOperation.objects.get()
    assert made.actor == admin
    assert page_of(made, "change") in answer.content.decode()


def test_a_tags_status_is_changed_on_its_page(admin_client: Client) -> None:
    tag = TagFactory()

    admin_client.post(page_of(tag, "change_status"), {"status": "retired"})

    tag.refresh_from_db()
    assert tag.status == Tag.Status.RETIRED
    assert TagOperation.objects.get().kind == TagOperation.Kind.RETIRE


def test_tags_of_two_vocabularies_are_not_mixed_in_one_operation(admin_client: Client) -> None:
    tags = [TagFactory(), TagFactory()]

    answer = admin_client.post(
        reverse("admin:taxonomy_tag_changelist"),
        {"action": "retire", "_selected_action": [str(tag.pk) for tag in tags]},
        follow=True,
    )

    assert "one vocabulary" in answer.content.decode()
    assert not TagOperation.objects.exists()


def labels_form(*rows: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    form = {"labels-TOTAL_FORMS": len(rows), "labels-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        form |= {f"labels-{number}-{name}": value for name, value in row.items()}
    return form


def tag_form(tag: Tag, **fields: Any) -> dict[str, Any]:
    return {"notation": tag.notation, "parent": "", "replaced_by": "", "recommendable": "on", **fields}


def test_a_tag_is_made_with_its_labels(admin_client: Client) -> None:
    vocabulary = VocabularyFactory()

    admin_client.post(
        reverse("admin:taxonomy_tag_add"),
        {"vocabulary": vocabulary.pk, "notation": "kv", "recommendable": "on"}
        | labels_form(
            {"text": "KV  Cache", "language": "en", "kind": "preferred"},
            {"text": "key-value cache", "language": "en", "kind": "alternative"},
        ),
    )

    tag = Tag.objects.get()
    assert set(tag.labels.values_list("text", "normalised_text", "vocabulary")) == {
        ("KV  Cache", "kv cache", vocabulary.pk),
        ("key-value cache", "key-value cache", vocabulary.pk),
    }


def test_a_label_that_reads_like_anothers_is_told_at_its_row(admin_client: Client) -> None:
    other = TagFactory(label="Cache")
    tag = TagFactory(vocabulary=other.vocabulary, label="Buffer")
    label = tag.labels.get()

    answer = admin_client.post(
        page_of(tag, "change"),
        tag_form(tag)
        | labels_form(
            {"id": label.pk, "tag": tag.pk, "text": "ＣＡＣＨＥ", "language": "en", "kind": "preferred"}, initial=1
        ),
    )

    assert "reads the same" in answer.content.decode()
    assert tag.labels.get().text == "Buffer"


def test_two_labels_change_roles_in_one_go(admin_client: Client) -> None:
    tag = TagFactory(label="Old")
    old = tag.labels.get()
    new = TagLabel.of(tag, "New", language="en", kind=TagLabel.Kind.ALTERNATIVE)
    new.save()

    answer = admin_client.post(
        page_of(tag, "change"),
        tag_form(tag)
        | labels_form(
            {"id": new.pk, "tag": tag.pk, "text": "New", "language": "en", "kind": "preferred"},
            {"id": old.pk, "tag": tag.pk, "text": "Old", "language": "en", "kind": "alternative"},
            initial=2,
        ),
    )

    assert answer.status_code == 302
    assert tag.labels.get(kind="preferred").text == "New"


def test_a_parent_below_the_tag_or_in_another_vocabulary_is_refused_with_a_sentence(admin_client: Client) -> None:
    tag = TagFactory(label="Upper")
    below = TagFactory(vocabulary=tag.vocabulary, parent=tag, label="Lower")
    stranger = TagFactory()
    label = {"id": tag.labels.get().pk, "tag": tag.pk, "text": "Upper", "language": "en", "kind": "preferred"}

    cycle = admin_client.post(page_of(tag, "change"), tag_form(tag, parent=below.pk) | labels_form(label, initial=1))
    foreign = admin_client.post(
        page_of(tag, "change"), tag_form(tag, parent=stranger.pk) | labels_form(label, initial=1)
    )

    assert "does not stand below" in cycle.content.decode()
    assert "same vocabulary" in foreign.content.decode()


def test_a_code_that_another_tag_has_is_refused_with_a_sentence(admin_client: Client) -> None:
    other = TagFactory(notation="taken")
    tag = TagFactory(vocabulary=other.vocabulary, notation="free", label="Upper")
    label = {"id": tag.labels.get().pk, "tag": tag.pk, "text": "Upper", "language": "en", "kind": "preferred"}

    answer = admin_client.post(page_of(tag, "change"), tag_form(tag, notation="taken") | labels_form(label, initial=1))

    assert "has this code" in answer.content.decode()
    assert Tag.objects.get(pk=tag.pk).notation == "free"
