"""Buttons of the admin: asked by GET, done by POST, only by those who may."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from recommender import tasks
from recommender.models import ModelAlias, ModelVersion, TrainingRun
from tagplatform.access.models import ApiKey, User
from tagplatform.access.services import find_api_key
from tagplatform.content.models import Document, TagAssignment
from tagplatform.taxonomy.models import Tag, TagLabel, TagOperation, TagProposal, Vocabulary
from tests.admin.rows import alias_change, api_key, champion, operation, proposal
from tests.factories import (
    DocumentFactory,
    ModelVersionFactory,
    SourceFactory,
    TagAssignmentFactory,
    TagFactory,
    TrainingRunFactory,
    VocabularyFactory,
)

REASON = {"reason": "it is better"}


def button(row: Any, name: str) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{name}", args=[row.pk])


def said(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Ids of the runs that a worker was told of; no broker runs in these tests."""
    ids: list[str] = []
    monkeypatch.setattr(tasks.train, "delay", ids.append)
    yield ids


BUTTONS: dict[str, Callable[[], tuple[Any, str]]] = {
    "promote": lambda: (ModelVersionFactory(), "promote"),
    "roll back": lambda: (champion(), "roll_back"),
    "train now": lambda: (VocabularyFactory(), "train_now"),
    "cancel": lambda: (TrainingRunFactory(), "cancel"),
    "change status": lambda: (TagFactory(), "change_status"),
    "revert": lambda: (operation(), "revert"),
    "accept": lambda: (proposal(), "accept"),
    "refuse": lambda: (proposal(), "refuse"),
    "rotate": lambda: (api_key(), "rotate"),
    "revoke": lambda: (api_key(), "revoke"),
}


@pytest.mark.parametrize("name", sorted(BUTTONS))
def test_looking_at_a_button_changes_nothing(admin_client: Client, woken: list[str], name: str) -> None:
    row, button_name = BUTTONS[name]()
    before = {**type(row).objects.filter(pk=row.pk).values().get()}

    answer = admin_client.get(button(row, button_name))

    assert answer.status_code == 200
    assert b"csrfmiddlewaretoken" in answer.content
    assert {**type(row).objects.filter(pk=row.pk).values().get()} == before
    assert not LogEntry.objects.exists()
    assert woken == []


@pytest.mark.parametrize("name", sorted(BUTTONS))
def test_readers_may_not_press_a_button_and_do_not_see_it(reader_client: Client, woken: list[str], name: str) -> None:
    row, button_name = BUTTONS[name]()

    pressed = reader_client.post(button(row, button_name), REASON)
    page = reader_client.get(button(row, "change"))

    assert pressed.status_code == 403
    assert button(row, button_name) not in page.content.decode()
    assert woken == []


@pytest.mark.parametrize("name", sorted(BUTTONS))
def test_a_press_without_the_csrf_token_is_refused(admin_client: Client, name: str) -> None:
    row, button_name = BUTTONS[name]()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = admin_client.cookies

    answer = strict.post(button(row, button_name), REASON)

    assert answer.status_code == 403


def test_a_button_of_a_row_that_is_gone_is_not_found(admin_client: Client) -> None:
    version = ModelVersionFactory()
    address = button(version, "promote")
    version.delete()

    assert admin_client.get(address).status_code == 404


def test_promoting_moves_the_alias_with_the_reason(admin_client: Client, admin: Any) -> None:
    version = ModelVersionFactory()

    answer = admin_client.post(button(version, "promote"), REASON, follow=True)

    alias = ModelAlias.objects.get(vocabulary=version.vocabulary)
    assert alias.version == version
    change = version.vocabulary.alias_changes.get()
    assert (change.actor, change.reason) == (admin, "it is better")
    assert "is champion now" in answer.content.decode()
    assert LogEntry.objects.get().user == admin


def test_promoting_needs_a_reason(admin_client: Client) -> None:
    version = ModelVersionFactory()

    answer = admin_client.post(button(version, "promote"), {"reason": " "})

    assert answer.status_code == 200
    assert not ModelAlias.objects.exists()


def test_a_corrupt_version_is_not_promoted_and_the_page_says_why(admin_client: Client) -> None:
    version = ModelVersionFactory(status=ModelVersion.Status.CORRUPT)

    answer = admin_client.post(button(version, "promote"), REASON, follow=True)

    assert answer.status_code == 200
    assert "cannot go live" in answer.content.decode()
    assert not ModelAlias.objects.exists()
    assert not LogEntry.objects.exists()


def test_rolling_back_without_a_former_champion_says_so(admin_client: Client) -> None:
    change = alias_change()

    answer = admin_client.post(button(change.to_version, "roll_back"), REASON, follow=True)

    assert "no earlier version" in answer.content.decode()


def test_training_is_requested_and_a_worker_is_told_after_the_commit(
    admin_client: Client, admin: Any, woken: list[str], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    vocabulary = VocabularyFactory()

    with django_capture_on_commit_callbacks(execute=True):
        answer = admin_client.post(button(vocabulary, "train_now"), {"recipe": "tfidf-logreg"})

    run = TrainingRun.objects.get()
    assert (run.vocabulary, run.requested_by, run.recipe, run.trigger) == (vocabulary, admin, "tfidf-logreg", "manual")
    assert woken == [str(run.pk)]
    assert answer["Location"] == reverse("admin:recommender_trainingrun_change", args=[run.pk])


def test_a_second_training_at_once_is_refused_with_a_message(admin_client: Client, woken: list[str]) -> None:
    run = TrainingRunFactory()

    answer = admin_client.post(button(run.vocabulary, "train_now"), {"recipe": ""}, follow=True)

    assert "already under way" in answer.content.decode()
    assert TrainingRun.objects.count() == 1
    assert woken == []


def test_a_queued_run_is_cancelled(admin_client: Client) -> None:
    run = TrainingRunFactory()

    admin_client.post(button(run, "cancel"))

    run.refresh_from_db()
    assert run.state == TrainingRun.State.CANCELLED


def test_an_ended_run_offers_no_cancel_button(admin_client: Client) -> None:
    run = TrainingRunFactory(state=TrainingRun.State.FAILED)

    page = admin_client.get(button(run, "change"))

    assert button(run, "cancel") not in page.content.decode()


def test_the_page_of_a_run_asks_for_news_only_while_it_goes_on(admin_client: Client) -> None:
    run = TrainingRunFactory(state=TrainingRun.State.RUNNING, stage="training", progress=0.4, log_tail="epoch 3")
    address = reverse("admin:recommender_trainingrun_state", args=[run.pk])

    going_on = admin_client.get(address)
    TrainingRun.objects.filter(pk=run.pk).update(state=TrainingRun.State.SUCCEEDED)
    ended = admin_client.get(address)

    assert "40 %" in going_on.content.decode()
    assert "epoch 3" in going_on.content.decode()
    assert f'hx-get="{address}"' in going_on.content.decode()
    assert f'hx-get="{address}"' not in ended.content.decode()
    assert ("HX-Refresh" in going_on, ended["HX-Refresh"]) == (False, "true")


def test_an_operation_is_reverted(admin_client: Client) -> None:
    retired = operation()

    admin_client.post(button(retired, "revert"))

    assert Tag.objects.get().status == Tag.Status.ACTIVE
    assert TagOperation.objects.get(pk=retired.pk).reverted_by is not None


def test_reverting_twice_says_that_it_has_been_done(admin_client: Client) -> None:
    retired = operation()
    admin_client.post(button(retired, "revert"))

    answer = admin_client.post(button(retired, "revert"), follow=True)

    assert "already" in answer.content.decode()


def test_an_accepted_proposal_becomes_a_tag_below_its_parent(admin_client: Client) -> None:
    proposed = proposal()
    parent = TagFactory(vocabulary=proposed.vocabulary)

    admin_client.post(button(proposed, "accept"), {"parent": parent.notation})

    assert Tag.objects.exclude(pk=parent.pk).get().parent == parent
    assert TagProposal.objects.get().state == TagProposal.State.ACCEPTED


def test_an_unknown_parent_is_told_and_nothing_is_made(admin_client: Client) -> None:
    proposed = proposal()

    answer = admin_client.post(button(proposed, "accept"), {"parent": "nowhere"}, follow=True)

    assert "nowhere" in answer.content.decode()
    assert TagProposal.objects.get().state == TagProposal.State.OPEN


def test_proposals_are_decided_in_bulk(admin_client: Client) -> None:
    proposals = [proposal(), proposal()]

    admin_client.post(
        reverse("admin:taxonomy_tagproposal_changelist"),
        {"action": "refuse_all", "_selected_action": [str(row.pk) for row in proposals]},
    )

    assert set(TagProposal.objects.values_list("state", flat=True)) == {TagProposal.State.REFUSED}


def test_a_new_api_key_is_shown_once_and_works(admin_client: Client) -> None:
    source = SourceFactory()

    answer = admin_client.post(
        reverse("admin:access_apikey_add"), {"name": "CMS", "source": source.pk, "scopes": ["recommend", "tags:read"]}
    )

    text = answer.context["text"]
    key = find_api_key(text)
    assert key is not None
    assert (key.name, key.scopes, key.source) == ("CMS", ["recommend", "tags:read"], source)
    assert "no-store" in answer["Cache-Control"]
    page = admin_client.get(button(key, "change")).content.decode()
    assert text.rsplit("_", 1)[1] not in page
    assert key.secret_hash not in page


def test_a_rotated_key_gets_a_successor_and_works_for_a_day(admin_client: Client) -> None:
    key = api_key()

    answer = admin_client.post(button(key, "rotate"))

    successor = find_api_key(answer.context["text"])
    assert successor is not None
    assert successor.rotated_from == key
    assert ApiKey.objects.get(pk=key.pk).expires_at is not None


def test_a_revoked_key_is_refused(admin_client: Client) -> None:
    key = api_key()

    admin_client.post(button(key, "revoke"))

    key.refresh_from_db()
    assert not key.usable


def test_changing_a_key_keeps_its_rights(admin_client: Client) -> None:
    key = api_key()

    admin_client.post(button(key, "change"), {"name": "renamed", "scopes": ["models:write"], "source": key.source.pk})

    key.refresh_from_db()
    assert (key.name, key.scopes) == ("renamed", ["recommend"])


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
    assert button(made, "change") in answer.content.decode()


def test_a_tags_status_is_changed_on_its_page(admin_client: Client) -> None:
    tag = TagFactory()

    admin_client.post(button(tag, "change_status"), {"status": "retired"})

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
        button(tag, "change"),
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
        button(tag, "change"),
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

    cycle = admin_client.post(button(tag, "change"), tag_form(tag, parent=below.pk) | labels_form(label, initial=1))
    foreign = admin_client.post(
        button(tag, "change"), tag_form(tag, parent=stranger.pk) | labels_form(label, initial=1)
    )

    assert "does not stand below" in cycle.content.decode()
    assert "same vocabulary" in foreign.content.decode()


def assignments_form(*rows: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    form = {"tag_assignments-TOTAL_FORMS": len(rows), "tag_assignments-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        form |= {f"tag_assignments-{number}-{name}": value for name, value in row.items()}
    return form


DOCUMENT_FORM = {"title": "New title", "body": "Text", "language": "en", "extra": "{}", "split_group": ""}


def test_a_documents_tags_are_put_on_and_taken_off_by_an_editor(admin_client: Client, admin: Any) -> None:
    present = TagAssignmentFactory()
    document, new_tag = present.document, TagFactory(vocabulary=present.tag.vocabulary)

    answer = admin_client.post(
        button(document, "change"),
        DOCUMENT_FORM
        | assignments_form(
            {"id": present.pk, "document": document.pk, "DELETE": "on"},
            {"id": "", "document": document.pk, "tag": new_tag.pk},
            initial=1,
        ),
    )

    assert answer.status_code == 302, answer.context["errors"]
    assigned = TagAssignment.objects.get()
    assert (assigned.tag, assigned.origin, assigned.assigned_by) == (new_tag, "editor", admin)
    changed = Document.objects.get(pk=document.pk)
    assert changed.title == "New title"
    assert changed.content_hash != document.content_hash


def test_tags_that_are_not_touched_keep_who_assigned_them(admin_client: Client) -> None:
    present = TagAssignmentFactory()
    document = present.document

    admin_client.post(
        button(document, "change"),
        DOCUMENT_FORM | assignments_form({"id": present.pk, "document": document.pk}, initial=1),
    )

    assert TagAssignment.objects.get().origin == "imported"


def test_a_second_tag_of_a_vocabulary_that_allows_one_is_refused(admin_client: Client) -> None:
    vocabulary = VocabularyFactory(selection_mode=Vocabulary.SelectionMode.ONE)
    document = DocumentFactory()
    tags = [TagFactory(vocabulary=vocabulary) for _ in range(2)]

    answer = admin_client.post(
        button(document, "change"),
        DOCUMENT_FORM | assignments_form(*({"id": "", "document": document.pk, "tag": tag.pk} for tag in tags)),
    )

    assert "exactly one tag" in answer.content.decode()
    assert not TagAssignment.objects.exists()


def test_the_first_page_shows_true_figures(admin_client: Client) -> None:
    version = champion()
    TagAssignmentFactory()

    page = admin_client.get(reverse("admin:index"))

    assert [(tile.name, tile.value) for tile in page.context["tiles"]][:2] == [("documents", 1), ("tags in use", 1)]
    assert f"{version.name}" in page.content.decode()
    assert "0.810 (0.800 … 0.820)" in page.content.decode()


def test_the_sidebar_shows_only_what_a_person_may_see(db: None, client: Client) -> None:
    client.force_login(User.objects.create_user("nobody", is_staff=True))

    page = client.get(reverse("admin:index")).content.decode()

    assert reverse("admin:access_apikey_changelist") not in page
    assert reverse("audit:page") not in page
