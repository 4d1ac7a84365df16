"""The audit pages: heatmaps, lists of differences, documents behind a cell, CSV files, friendly dead ends."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from recommender.models import ModelAlias
from tagplatform.taxonomy.models import Tag, TagLabel, Vocabulary
from tests.audit.world import World, make_champion
from tests.factories import DocumentFactory, TagFactory, UserFactory, VocabularyFactory

PAGE, CELL = reverse("audit:page"), reverse("audit:cell")


def cell_query(world: World, row: str, column: str, part: str = "all") -> dict[str, str]:
    return {"row": world.tags[row].public_id, "column": world.tags[column].public_id, "part": part}


def rows_of(answer: Any) -> list[list[str]]:
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.content.decode())))


def test_the_page_draws_three_matrices_in_one_order(auditor: Client, world: World) -> None:
    answer = auditor.get(PAGE)

    audit = answer.context["figures"]
    assert answer.status_code == 200
    assert set(audit["figures"]) == {"truth", "model", "difference"}
    sport, football = audit["labels"].index("Sport"), audit["labels"].index("Football")
    assert abs(sport - football) == 1
    cells = {name: figure["data"][0]["z"][sport][football] for name, figure in audit["figures"].items()}
    assert cells == pytest.approx({"truth": 1, "model": 0.3, "difference": -0.7}, abs=1e-3)
    assert audit["counts"][sport] == audit["both"][sport][football] == 20


def test_the_numbers_reach_the_script_as_data_and_no_script_stands_in_the_page(auditor: Client, world: World) -> None:
    page = auditor.get(PAGE).content.decode()

    data = page.split('<script id="audit-figures" type="application/json">')[1].split("</script>")[0]
    assert json.loads(data)["labels"]
    assert "plotly/plotly.min.js" in page
    assert "cdn" not in page.lower()


def test_rows_with_few_documents_are_veiled(auditor: Client, world: World) -> None:
    audit = auditor.get(PAGE).context["figures"]

    veil = audit["figures"]["truth"]["data"][1]["z"]
    assert [any(row) for row in veil] == [label == "Rare" for label in audit["labels"]]


def test_differences_are_listed_with_links_to_their_documents(auditor: Client, world: World) -> None:
    answer = auditor.get(PAGE)

    over = [(pair["row"], pair["column"]) for pair in answer.context["over"]]
    under = [(pair["row"], pair["column"]) for pair in answer.context["under"]]
    assert over[0] == ("Subject › Sport", "Politics")
    assert under[0] == ("Subject › Sport", "Subject › Football")
    documents = auditor.get(answer.context["under"][0]["documents"])
    assert documents.context["found"].paginator.count == 20


def test_a_facet_keeps_only_the_tags_below_it(auditor: Client, world: World) -> None:
    answer = auditor.get(PAGE, {"facet": world.facet.public_id})

    assert sorted(answer.context["figures"]["labels"]) == ["Football", "Sport"]


def test_a_search_with_commas_keeps_what_any_word_finds(auditor: Client, world: World) -> None:
    answer = auditor.get(PAGE, {"query": "poli, foot"})

    assert sorted(answer.context["figures"]["labels"]) == ["Football", "Politics"]


@pytest.mark.parametrize("measure", ["jaccard", "lift", "npmi", "nonsense"])
def test_other_measures_are_drawn_and_an_unknown_one_counts_as_not_chosen(
    auditor: Client, world: World, measure: str
) -> None:
    answer = auditor.get(PAGE, {"measure": measure})

    assert answer.status_code == 200
    assert answer.context["choice"].measure == ("conditional" if measure == "nonsense" else measure)


def test_at_most_sixty_tags_are_shown_and_the_rest_is_mentioned(auditor: Client, db: None) -> None:
    vocabulary = VocabularyFactory()
    tags = [TagFactory(vocabulary=vocabulary) for _ in range(70)]
    documents = [DocumentFactory() for _ in range(70)]
    make_champion(vocabulary, tags, documents, [(n,) for n in range(70)], np.eye(70, dtype=np.float32))

    answer = auditor.get(PAGE)

    assert len(answer.context["view"].columns) == 60
    assert "10 are left out" in answer.content.decode()


def test_labels_that_are_the_same_get_their_parents_in_brackets(auditor: Client, world: World) -> None:
    other = TagFactory(vocabulary=world.vocabulary, notation="other", label="Other")
    politics = world.tags["politics"]
    politics.labels.all().delete()  # without a label it goes by its notation
    Tag.objects.filter(pk=politics.pk).update(parent=other, notation="Sport")

    labels = auditor.get(PAGE).context["figures"]["labels"]

    assert {"Sport (Subject)", "Sport (Other)"} <= set(labels)


def test_the_documents_of_a_cell_come_with_true_and_predicted_tags(auditor: Client, world: World) -> None:
    answer = auditor.get(CELL, cell_query(world, "sport", "politics", "without"))

    found = answer.context["documents"][0]
    assert answer.context["found"].paginator.count == 20
    assert [tag.label for tag in found.true_tags] == ["Sport", "Football"]
    assert (found.row_probability, found.column_probability) == pytest.approx((0.9, 0.5))
    assert found.predicted_tags[0].label == "Sport"
    assert reverse("admin:content_document_change", args=[found.document_id]) in answer.content.decode()


def test_documents_with_both_tags_come_with_the_least_probable_first(auditor: Client, world: World) -> None:
    both = auditor.get(CELL, cell_query(world, "sport", "football", "with"))
    neither = auditor.get(CELL, cell_query(world, "sport", "football", "without"))

    assert both.context["found"].paginator.count == 20
    assert neither.context["found"].paginator.count == 0
    assert "no such document" in neither.content.decode()


def test_the_script_gets_only_the_part_of_the_page(auditor: Client, world: World) -> None:
    part = auditor.get(CELL, cell_query(world, "sport", "sport") | {"fragment": "1"}).content.decode()

    assert "<html" not in part
    assert "Document 0" in part


def test_an_erased_document_keeps_its_place_in_the_list(auditor: Client, world: World) -> None:
    world.documents[0].delete()

    answer = auditor.get(CELL, cell_query(world, "sport", "sport"))

    assert answer.context["found"].paginator.count == 20
    assert "erased since" in answer.content.decode()


def test_pages_of_documents_cost_the_same_number_of_queries(
    auditor: Client, world: World, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    auditor.get(PAGE)

    with django_assert_max_num_queries(16):
        auditor.get(CELL, cell_query(world, "sport", "sport"))
    with django_assert_max_num_queries(16):
        auditor.get(PAGE)


def test_each_matrix_is_a_csv_file(auditor: Client, world: World) -> None:
    tables = {
        name: rows_of(auditor.get(reverse("audit:matrix_csv", args=[name])))
        for name in ("truth", "model", "difference")
    }

    header = tables["truth"][0]
    sport = next(row for row in tables["model"] if row[0] == "Subject › Sport")
    assert header[:2] == ["tag", "n"]
    assert sport[1] == "20"
    assert float(sport[header.index("Subject › Football")]) == pytest.approx(0.3)
    assert all(len(table) == 5 for table in tables.values())


def test_lists_of_differences_and_documents_are_csv_files(auditor: Client, world: World) -> None:
    over = rows_of(auditor.get(reverse("audit:differences_csv", args=["over"])))
    documents = rows_of(auditor.get(reverse("audit:cell_csv"), cell_query(world, "sport", "politics", "without")))

    assert over[1][:3] == ["Subject › Sport", "Politics", "20"]
    assert len(documents) == 21
    assert documents[1][2].startswith("Document ")


def test_what_a_spreadsheet_would_run_is_written_as_text(auditor: Client, world: World) -> None:
    document = world.documents[0]
    document.title = '=HYPERLINK("http://example.org")'
    document.save()

    rows = rows_of(auditor.get(reverse("audit:cell_csv"), cell_query(world, "sport", "sport")))

    titles = [row[2] for row in rows]
    assert '\'=HYPERLINK("http://example.org")' in titles


@pytest.mark.parametrize("route", ["matrix_csv", "differences_csv"])
def test_an_unknown_file_is_not_found(auditor: Client, world: World, route: str) -> None:
    assert auditor.get(reverse(f"audit:{route}", args=["nonsense"])).status_code == 404


def test_nothing_at_all_says_what_to_do(auditor: Client) -> None:
    answer = auditor.get(PAGE)

    assert answer.status_code == 404
    assert "Import tags" in answer.content.decode()


def test_without_a_champion_the_page_says_to_train(auditor: Client, world: World) -> None:
    ModelAlias.objects.all().delete()

    answer = auditor.get(PAGE, {"vocabulary": world.slug})

    assert answer.status_code == 404
    assert "Train a model" in answer.content.decode()


@pytest.mark.parametrize("damage", ["missing", "broken"])
def test_without_readable_predictions_the_page_says_to_train_again(auditor: Client, world: World, damage: str) -> None:
    file = Path(settings.BUNDLES_DIR) / world.version.evaluated_path / "heldout.json"
    file.unlink() if damage == "missing" else file.write_text("{")

    answer = auditor.get(PAGE)

    assert answer.status_code == 404
    assert "Train a new version" in answer.content.decode()


def test_a_model_without_held_out_documents_says_so(auditor: Client, db: None) -> None:
    vocabulary = VocabularyFactory()
    make_champion(vocabulary, [TagFactory(vocabulary=vocabulary)], [], [], np.zeros((0, 1), np.float32))

    answer = auditor.get(PAGE)

    assert "without held-out documents" in answer.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {"vocabulary": "nonsense"},
        {"facet": "nonsense"},
        {"facet": "tag_00000000000000000000000000"},
        {"query": "ω-nonsense"},
    ],
)
def test_a_choice_without_tags_is_a_friendly_page(auditor: Client, world: World, query: dict[str, str]) -> None:
    answer = auditor.get(PAGE, query)

    assert answer.status_code == 404
    assert reverse("audit:page") in answer.content.decode()


def test_a_cell_of_an_unknown_tag_is_a_friendly_page(auditor: Client, world: World) -> None:
    answer = auditor.get(CELL, {"row": "tag_nonsense", "column": ""})

    assert answer.status_code == 404
    assert "does not know this tag" in answer.content.decode()


def test_a_tag_that_left_the_vocabulary_is_left_out(auditor: Client, world: World) -> None:
    world.tags["rare"].labels.all().delete()
    world.tags["rare"].delete()

    answer = auditor.get(PAGE)

    assert "Rare" not in answer.context["figures"]["labels"]
    assert auditor.get(CELL, cell_query(world, "sport", "sport")).status_code == 200


def test_the_vocabulary_with_the_most_documents_comes_first(auditor: Client, world: World) -> None:
    small = VocabularyFactory(name="A small one")
    tags, documents = [TagFactory(vocabulary=small)], [DocumentFactory()]
    make_champion(small, tags, documents, [(0,)], np.ones((1, 1), np.float32))

    by_default, chosen = auditor.get(PAGE), auditor.get(PAGE, {"vocabulary": small.slug})

    assert by_default.context["subject"].vocabulary == world.vocabulary
    assert chosen.context["subject"].vocabulary == Vocabulary.objects.get(pk=small.pk)


def test_labels_come_in_the_readers_language(auditor: Client, world: World) -> None:
    TagLabel.of(world.tags["sport"], "体育", language="zh-hans", kind=TagLabel.Kind.PREFERRED).save()

    answer = auditor.get(PAGE, headers={"accept-language": "zh-hans"})

    assert "体育" in answer.context["figures"]["labels"]


@pytest.mark.parametrize(
    "address", [PAGE, CELL, reverse("audit:cell_csv"), reverse("audit:matrix_csv", args=["truth"])]
)
def test_the_pages_are_closed_to_strangers_and_to_staff_without_the_permission(
    client: Client, world: World, address: str
) -> None:
    stranger = client.get(address)
    client.force_login(UserFactory(is_staff=True))
    staff = client.get(address)

    assert stranger.status_code == 302
    assert staff.status_code == 403


def test_documents_need_their_own_permission(client: Client, world: World) -> None:
    user = UserFactory(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_modelversion"))
    client.force_login(user)

    page, documents = client.get(PAGE), client.get(CELL, cell_query(world, "sport", "sport"))

    assert (page.status_code, documents.status_code) == (200, 403)


def test_pages_only_read(auditor: Client, world: World) -> None:
    assert auditor.post(PAGE).status_code == 405
