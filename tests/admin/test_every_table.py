"""What holds for every table of the admin."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tagplatform.access.models import User
from tagplatform.common.admin import LedgerAdmin
from tagplatform.common.models import PublicModel
from tests.admin.rows import MAKERS

OURS = ("imports", "taxonomy", "content", "access", "feedback", "recommender")
LEDGER = ("recommendation", "suggestion", "outcome", "decision")
READ_ONLY = [
    *(
        f"feedback.{name}"
        for name in (*LEDGER, "feedbackevent", "learningcut", "standingrejection", "tagdecisioncount", "tagmonthtotal")
    ),
    "imports.importrun",
    "taxonomy.tagoperation",
    "recommender.alert",
    "recommender.alertdelivery",
    "recommender.dailyfigure",
    "recommender.dailytagcount",
    "recommender.driftvalue",
    "recommender.interleaving",
    "recommender.modelalias",
    "recommender.modelaliaschange",
    "recommender.modelversion",
    "recommender.shadowanswer",
    "recommender.trainingrun",
]


def address(model: str, page: str, *arguments: Any) -> str:
    return reverse(f"admin:{model.replace('.', '_')}_{page}", args=arguments)


def test_every_model_of_ours_is_in_the_admin_and_tested_here() -> None:
    registered = {model._meta.label_lower for model in admin.site._registry}

    ours = {model._meta.label_lower for app in OURS for model in apps.get_app_config(app).get_models()}

    assert ours - registered <= {"taxonomy.taglabel"}  # labels stand on their tag's page
    assert ours - {"taxonomy.taglabel"} <= set(MAKERS)


@pytest.mark.parametrize("model", sorted(MAKERS))
def test_a_list_needs_as_many_queries_for_twenty_rows_as_for_three(
    admin_client: Client, model: str, django_assert_num_queries: Callable[..., Any]
) -> None:
    make = MAKERS[model]
    for _ in range(3):
        make()
    with CaptureQueriesContext(connection) as with_few:
        few = admin_client.get(address(model, "changelist"))

    for _ in range(17):
        make()
    with django_assert_num_queries(len(with_few)):
        many = admin_client.get(address(model, "changelist"))

    assert (few.status_code, many.status_code) == (200, 200)
    assert many.context["cl"].result_count >= 20
    assert len(with_few) <= 18


@pytest.mark.parametrize("model", sorted(MAKERS))
def test_every_row_has_a_page(admin_client: Client, model: str) -> None:
    row = MAKERS[model]()

    answer = admin_client.get(address(model, "change", row.pk))

    assert answer.status_code == 200


@pytest.mark.parametrize("model", sorted(set(MAKERS) - {"auth.group"}))
def test_every_list_can_be_searched_and_nonsense_finds_nothing(admin_client: Client, model: str) -> None:
    MAKERS[model]()

    answer = admin_client.get(address(model, "changelist"), {"q": "ω-nonsense"})

    assert answer.status_code == 200
    assert answer.context["cl"].result_count == 0


@pytest.mark.parametrize("model", sorted(name for name in MAKERS if issubclass(apps.get_model(name), PublicModel)))
def test_rows_are_found_by_their_public_id(admin_client: Client, model: str) -> None:
    row = MAKERS[model]()
    MAKERS[model]()

    answer = admin_client.get(address(model, "changelist"), {"q": row.public_id})

    assert [found.pk for found in answer.context["cl"].result_list] == [row.pk]


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_the_platform_writes_cannot_be_added_changed_or_deleted_by_hand(admin_client: Client, model: str) -> None:
    row = MAKERS[model]()

    added = admin_client.get(address(model, "add"))
    changed = admin_client.post(address(model, "change", row.pk), {"reason": "x"})
    deleted = admin_client.post(address(model, "delete", row.pk), {"post": "yes"})

    assert (added.status_code, changed.status_code, deleted.status_code) == (403, 403, 403)
    assert type(row).objects.filter(pk=row.pk).exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("model", [f"feedback.{name}" for name in LEDGER])
def test_the_ledger_is_never_counted_whole(admin_client: Client, model: str) -> None:
    MAKERS[model]()

    with CaptureQueriesContext(connection) as queries:
        admin_client.get(address(model, "changelist"))
        admin_client.get(address(model, "changelist"), {"period": "all"})

    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
    assert counts
    assert all("LIMIT" in sql for sql in counts)
    assert isinstance(admin.site._registry[apps.get_model(model)], LedgerAdmin)


@pytest.mark.parametrize("model", sorted(name for name in MAKERS if name.split(".")[0] in OURS))
def test_without_permission_a_table_is_closed(client: Client, admin: User, model: str) -> None:
    nobody = User.objects.create_user("nobody", is_staff=True)
    client.force_login(nobody)

    answer = client.get(address(model, "changelist"))

    assert answer.status_code == 403


@pytest.mark.parametrize("model", sorted(MAKERS))
def test_readers_see_every_list_and_page(reader_client: Client, model: str) -> None:
    row = MAKERS[model]()

    seen = [
        reader_client.get(address(model, page, *args)) for page, args in (("changelist", ()), ("change", (row.pk,)))
    ]

    assert [answer.status_code for answer in seen] == [200, 200]
