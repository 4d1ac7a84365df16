"""What each role may do in the admin."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from recommender import tasks
from recommender.models import ModelAlias, ModelVersion, TrainingRun
from tagplatform.taxonomy.models import Tag
from tests.admin.addresses import page_of
from tests.admin.rows import api_key, champion, proposal
from tests.factories import ModelVersionFactory, SourceFactory, TagFactory, UserFactory, VocabularyFactory

AsRole = Callable[[str], Client]


@pytest.fixture
def as_role(db: None) -> AsRole:
    """A client of somebody with one role."""

    def _as_role(name: str) -> Client:
        user = UserFactory(is_staff=True)
        user.groups.add(Group.objects.get(name=name))
        client = Client()
        client.force_login(user)
        return client

    return _as_role


def press(client: Client, row: Any, button: str, **answers: str) -> int:
    return int(client.post(page_of(row, button), answers).status_code)


def test_a_model_admin_trains_promotes_and_audits_but_has_no_keys(
    as_role: AsRole, monkeypatch: pytest.MonkeyPatch, ready_version: ModelVersion
) -> None:
    client, version = as_role("model admin"), ready_version
    monkeypatch.setattr(tasks.train, "delay", lambda run_id: None)

    pressed = [
        press(client, version, "promote", reason="better"),
        press(client, version.vocabulary, "train_now", recipe=""),
        press(client, api_key(), "rotate"),
        press(client, TagFactory(), "change_status", status="retired"),
    ]

    assert pressed == [302, 302, 403, 403]
    assert ModelAlias.objects.get().version == version
    assert TrainingRun.objects.get().vocabulary == version.vocabulary
    assert client.get(reverse("audit:page"), {"vocabulary": "none"}).status_code == 404


def test_a_taxonomy_admin_decides_on_tags_and_not_on_models(as_role: AsRole) -> None:
    client, tag = as_role("taxonomy admin"), TagFactory()

    pressed = [
        press(client, tag, "change_status", status="retired"),
        press(client, proposal(), "accept", parent=""),
        press(client, ModelVersionFactory(), "promote", reason="better"),
        press(client, VocabularyFactory(), "train_now", recipe=""),
    ]

    assert pressed == [302, 302, 403, 403]
    assert Tag.objects.get(pk=tag.pk).status == Tag.Status.RETIRED


def test_an_integrator_makes_and_revokes_keys(as_role: AsRole) -> None:
    client = as_role("integrator")
    form = {"name": "CMS", "source": SourceFactory().pk, "scopes": ["recommend"]}

    made = client.post(reverse("admin:access_apikey_add"), form)

    assert made.context["text"].startswith("tp_")
    assert press(client, api_key(), "revoke") == 302
    assert press(client, champion(), "roll_back", reason="worse") == 403


def test_an_editor_looks_and_changes_nothing(as_role: AsRole) -> None:
    client, waiting = as_role("editor"), proposal()

    seen = client.get(reverse("admin:taxonomy_tagproposal_changelist"))
    bulk = client.post(
        reverse("admin:taxonomy_tagproposal_changelist"),
        {"action": "accept_all", "_selected_action": [str(waiting.pk)]},
    )

    assert seen.status_code == 200
    assert press(client, waiting, "accept", parent="") == 403
    assert not Tag.objects.exists(), bulk
