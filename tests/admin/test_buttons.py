"""Buttons of the admin: asked by GET, done by POST, only by those who may."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from recommender import tasks
from recommender.models import AdjustmentPolicy, ModelAlias, ModelVersion, TrainingPolicy, TrainingRun
from tagplatform.taxonomy.models import Tag, TagOperation, TagProposal
from tests.admin.addresses import page_of
from tests.admin.rows import alias_change, api_key, champion, operation, proposal
from tests.factories import (
    ModelVersionFactory,
    TagFactory,
    TrainingRunFactory,
    VocabularyFactory,
)

REASON = {"reason": "it is better"}


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
    "reset settings": lambda: (TrainingPolicy.objects.create(vocabulary=VocabularyFactory()), "reset_settings"),
    "reset adjustments": lambda: (AdjustmentPolicy.objects.create(vocabulary=VocabularyFactory()), "reset_all"),
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

    answer = admin_client.get(page_of(row, button_name))

    assert answer.status_code == 200
    assert b"csrfmiddlewaretoken" in answer.content
    assert {**type(row).objects.filter(pk=row.pk).values().get()} == before
    assert not LogEntry.objects.exists()
    assert woken == []


@pytest.mark.parametrize("name", sorted(BUTTONS))
def test_readers_may_not_press_a_button_and_do_not_see_it(reader_client: Client, woken: list[str], name: str) -> None:
    row, button_name = BUTTONS[name]()

    pressed = reader_client.post(page_of(row, button_name), REASON)
    page = reader_client.get(page_of(row, "change"))

    assert pressed.status_code == 403
    assert page_of(row, button_name) not in page.content.decode()
    assert woken == []


@pytest.mark.parametrize("name", sorted(BUTTONS))
def test_a_press_without_the_csrf_token_is_refused(admin_client: Client, name: str) -> None:
    row, button_name = BUTTONS[name]()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = admin_client.cookies

    answer = strict.post(page_of(row, button_name), REASON)

    assert answer.status_code == 403


def test_a_button_of_a_row_that_is_gone_is_not_found(admin_client: Client) -> None:
    version = ModelVersionFactory()
    address = page_of(version, "promote")
    version.delete()

    assert admin_client.get(address).status_code == 404


def test_promoting_moves_the_alias_with_the_reason(
    admin_client: Client, admin: Any, ready_version: ModelVersion
) -> None:
    version = ready_version
    version.training_run = TrainingRunFactory(vocabulary=version.vocabulary, report={"gate": {"passed": False}})
    version.save()

    answer = admin_client.post(page_of(version, "promote"), REASON, follow=True)

    alias = ModelAlias.objects.get(vocabulary=version.vocabulary)
    assert alias.version == version
    change = version.vocabulary.alias_changes.get()
    assert (change.actor, change.reason) == (admin, "it is better")
    assert "is champion now" in answer.content.decode()
    assert "did not pass the gate" in answer.content.decode()
    assert LogEntry.objects.get().user == admin


def test_promoting_needs_a_reason(admin_client: Client) -> None:
    version = ModelVersionFactory()

    answer = admin_client.post(page_of(version, "promote"), {"reason": " "})

    assert answer.status_code == 200
    assert not ModelAlias.objects.exists()


def test_a_corrupt_version_is_not_promoted_and_the_page_says_why(admin_client: Client) -> None:
    version = ModelVersionFactory(status=ModelVersion.Status.CORRUPT)

    answer = admin_client.post(page_of(version, "promote"), REASON, follow=True)

    assert answer.status_code == 200
    assert "cannot go live" in answer.content.decode()
    assert not ModelAlias.objects.exists()
    assert not LogEntry.objects.exists()


def test_rolling_back_without_a_former_champion_says_so(admin_client: Client) -> None:
    change = alias_change()

    answer = admin_client.post(page_of(change.to_version, "roll_back"), REASON, follow=True)

    assert "no earlier version" in answer.content.decode()


def test_training_is_requested_and_a_worker_is_told_after_the_commit(
    admin_client: Client, admin: Any, woken: list[str], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    vocabulary = VocabularyFactory()

    with django_capture_on_commit_callbacks(execute=True):
        answer = admin_client.post(page_of(vocabulary, "train_now"), {"recipe": "tfidf-logreg"})

    run = TrainingRun.objects.get()
    assert (run.vocabulary, run.requested_by, run.recipe, run.trigger) == (vocabulary, admin, "tfidf-logreg", "manual")
    assert woken == [str(run.pk)]
    assert answer["Location"] == reverse("admin:recommender_trainingrun_change", args=[run.pk])


def test_a_second_training_at_once_is_refused_with_a_message(admin_client: Client, woken: list[str]) -> None:
    run = TrainingRunFactory()

    answer = admin_client.post(page_of(run.vocabulary, "train_now"), {"recipe": ""}, follow=True)

    assert "already under way" in answer.content.decode()
    assert TrainingRun.objects.count() == 1
    assert woken == []


def test_a_queued_run_is_cancelled(admin_client: Client) -> None:
    run = TrainingRunFactory()

    admin_client.post(page_of(run, "cancel"))

    run.refresh_from_db()
    assert run.state == TrainingRun.State.CANCELLED


def test_an_ended_run_offers_no_cancel_button(admin_client: Client) -> None:
    run = TrainingRunFactory(state=TrainingRun.State.FAILED)

    page = admin_client.get(page_of(run, "change"))

    assert page_of(run, "cancel") not in page.content.decode()


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

    admin_client.post(page_of(retired, "revert"))

    assert Tag.objects.get().status == Tag.Status.ACTIVE
    assert TagOperation.objects.get(pk=retired.pk).reverted_by is not None


def test_reverting_twice_says_that_it_has_been_done(admin_client: Client) -> None:
    retired = operation()
    admin_client.post(page_of(retired, "revert"))

    answer = admin_client.post(page_of(retired, "revert"), follow=True)

    assert "already" in answer.content.decode()


def test_an_accepted_proposal_becomes_a_tag_below_its_parent(admin_client: Client) -> None:
    proposed = proposal()
    parent = TagFactory(vocabulary=proposed.vocabulary)

    admin_client.post(page_of(proposed, "accept"), {"parent": parent.notation})

    assert Tag.objects.exclude(pk=parent.pk).get().parent == parent
    assert TagProposal.objects.get().state == TagProposal.State.ACCEPTED


def test_an_unknown_parent_is_told_and_nothing_is_made(admin_client: Client) -> None:
    proposed = proposal()

    answer = admin_client.post(page_of(proposed, "accept"), {"parent": "nowhere"}, follow=True)

    assert "nowhere" in answer.content.decode()
    assert TagProposal.objects.get().state == TagProposal.State.OPEN


def test_proposals_are_decided_in_bulk(admin_client: Client) -> None:
    proposals = [proposal(), proposal()]

    admin_client.post(
        reverse("admin:taxonomy_tagproposal_changelist"),
        {"action": "refuse_all", "_selected_action": [str(row.pk) for row in proposals]},
    )

    assert set(TagProposal.objects.values_list("state", flat=True)) == {TagProposal.State.REFUSED}
