"""The negative pool in the admin: what is in it and why, chosen, counted, as a file."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from feedback.states import State
from recommender.models import DataSnapshot
from recommender.pool_files import write_pool
from recommender.weighing import WeighedCell
from tagplatform.access.models import User
from tests.factories import DocumentFactory, TagFactory, TrainingRunFactory, UserFactory, VocabularyFactory

pytestmark = pytest.mark.django_db


def make_pool(n_documents: int = 3) -> DataSnapshot:
    """Every document: one tag rejected by an editor, one left at rank 4, one accepted."""
    vocabulary = VocabularyFactory(slug="news", name="News")
    rejected, left, kept = (TagFactory(vocabulary=vocabulary, notation=name) for name in ("Rejected", "Left", "Kept"))
    editor, moment = UserFactory(username="editor"), (timezone.now() - timedelta(days=10)).timestamp()
    cells = []
    for number in range(n_documents):
        document = DocumentFactory(title=f"Document {number}")
        where: Any = (document.source_id, 0.5, 0.25)
        cells += [
            WeighedCell(document.pk, rejected.pk, State.REJECTED, moment, 2, editor.pk, document.source_id, 2.0, 1.5),
            WeighedCell(document.pk, left.pk, State.IGNORED, moment, 4, None, *where),
            WeighedCell(document.pk, kept.pk, State.KEPT, moment, 1, editor.pk, document.source_id, 1.5, 1.5),
        ]
    folder = Path(settings.BUNDLES_DIR) / "news" / "data"
    folder.mkdir(parents=True)
    write_pool(folder / "pool.parquet", cells)
    run = TrainingRunFactory(vocabulary=vocabulary)
    snapshot: DataSnapshot = DataSnapshot.objects.create(
        vocabulary=vocabulary, training_run=run, path="news/data", digest="0" * 64, n_examples=n_documents,
        n_cells=len(cells), bundle_digest="0" * 64, refitted=False,
    )  # fmt: skip
    return snapshot


def address(snapshot: DataSnapshot, route: str = "pool") -> str:
    return reverse(f"admin:recommender_datasnapshot_{route}", args=[snapshot.pk])


def test_the_pool_says_what_is_in_it_and_why(admin_client: Client) -> None:
    snapshot = make_pool()

    page = admin_client.get(address(snapshot))

    view, rows = page.context["view"], page.context["rows"]
    assert [(str(each.name), each.total.n_cells, each.total.weight) for each in view.by_state] == [
        ("rejected", 3, 4.5),
        ("shown and left", 3, 0.75),
    ]
    assert {(row.tag, row.actor, row.age_days, row.cell.rank) for row in rows} == {
        ("Rejected", "editor", 10, 2),
        ("Left", "", 10, 4),
    }
    assert "Document 2" in page.content.decode()


def test_the_pool_is_chosen_by_state_tag_and_actor(admin_client: Client) -> None:
    snapshot = make_pool()
    left = snapshot.vocabulary.tags.get(notation="Left")
    editor = User.objects.get(username="editor")

    def states(**choice: Any) -> set[str]:
        return {str(row.cell.state) for row in admin_client.get(address(snapshot), choice).context["rows"]}

    assert states(tag=left.public_id) == {"ignored"}
    assert states(actor=editor.pk) == {"rejected"}
    assert states(state="kept") == {"kept"}
    assert states(state="rejected", tag=left.public_id) == set()
    assert states(state="nonsense", tag="nonsense", actor="x") == {"rejected", "ignored"}


def test_the_file_has_every_chosen_cell_with_its_weights(admin_client: Client) -> None:
    answer = admin_client.get(address(make_pool(), "pool_csv"), {"state": "ignored"})

    lines = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert len(lines) == 3
    assert {(line["tag"], line["rank"], line["weight before caps"], line["weight"]) for line in lines} == {
        ("Left", "4", "0.5", "0.25")
    }


def test_pages_turn_and_ask_the_database_no_more_for_more_cells(
    admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    snapshot = make_pool(60)

    with django_assert_max_num_queries(20):
        last = admin_client.get(address(snapshot), {"page": "3"})

    assert last.context["found"].paginator.num_pages == 3
    assert len(last.context["rows"]) == 20


def test_the_newest_pool_of_a_vocabulary_is_found_and_there_may_be_none(admin_client: Client) -> None:
    newest = reverse("admin:recommender_datasnapshot_newest_pool")

    empty = admin_client.get(newest)
    snapshot = make_pool()
    found = admin_client.get(newest, {"vocabulary": "news"})

    assert "No training run has kept" in empty.content.decode()
    assert found.context["snapshot"] == snapshot


def test_files_that_are_gone_are_told(admin_client: Client) -> None:
    snapshot = make_pool()
    DataSnapshot.objects.update(path="elsewhere")

    assert admin_client.get(address(snapshot)).status_code == 404
    DataSnapshot.objects.update(status=DataSnapshot.Status.DELETED)
    assert "have been deleted" in admin_client.get(address(snapshot, "pool_csv")).content.decode()


def test_who_may_not_see_snapshots_does_not_see_the_pool(client: Client) -> None:
    snapshot = make_pool()
    client.force_login(UserFactory(is_staff=True))

    assert client.get(address(snapshot)).status_code == 403


def test_the_menu_marks_the_pool_and_not_the_snapshots_beside_it(admin_client: Client) -> None:
    answer = admin_client.get(reverse("admin:recommender_datasnapshot_newest_pool"))

    items = [item for group in answer.context["sidebar_navigation"] for item in group["items"]]
    assert [str(item["title"]) for item in items if item["active"]] == ["Negative pool"]
