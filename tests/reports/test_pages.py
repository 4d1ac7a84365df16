"""The report pages of a version: what they say, what they say when something is missing, and to whom."""

import csv
import io
import json
import re
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from plotly import graph_objects as go

from recommender.models import ModelVersion
from tagplatform.taxonomy.models import TagLabel
from tests.admin.addresses import page_of
from tests.audit.world import World, make_champion
from tests.factories import DocumentFactory, ModelVersionFactory, TagFactory, UserFactory, VocabularyFactory
from tests.reports.conftest import staff_with
from tests.reports.world import REPORT, folder_of, write_report

ROUTES = ("report", "report_tags", "report_tags_csv", "report_map")


def address(world: World, route: str = "report", *more: str) -> str:
    return reverse(f"admin:recommender_modelversion_{route}", args=[world.version.pk, *more])


def tag_address(world: World, name: str) -> str:
    return address(world, "report_tag", world.tags[name].public_id)


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def table_of(answer: Any) -> list[list[str]]:
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.content.decode())))


def test_the_report_shows_the_version_beside_the_baseline(reader: Client, world: World) -> None:
    answer = reader.get(address(world))

    assert answer.status_code == 200
    assert "0.810 (0.790 … 0.830)" in text_of(answer)
    baseline = next(trace for trace in answer.context["figures"]["headline"]["data"] if trace["name"] == "Baseline")
    assert (baseline["y"], baseline["x"]) == (["nDCG@5"], [0.7])


def test_the_report_counts_at_the_tags_own_thresholds(reader: Client, world: World) -> None:
    own = reader.get(address(world)).context["at_own"]

    # sport 20 right; football (0.3) never suggested; politics 20 wrong at 0.5 and 16 right at 0.8; rare never
    assert (own.n_suggested, own.n_right) == (56, 36)
    assert own.recall == pytest.approx(36 / 60)


def test_targets_stand_with_the_vocabularys_own_among_them(reader: Client, world: World) -> None:
    world.vocabulary.precision_target = 0.85
    world.vocabulary.save()

    targets = reader.get(address(world)).context["targets"]

    assert [(target.precision, target.is_own) for target in targets] == [
        (0.7, False), (0.8, False), (0.85, True), (0.9, False),
    ]  # fmt: skip
    assert targets[3].point.threshold == pytest.approx(0.8)
    assert targets[3].point.recall == pytest.approx(36 / 60)


def test_every_chart_is_one_that_plotly_accepts(reader: Client, world: World) -> None:
    charts = reader.get(address(world)).context["figures"] | reader.get(address(world, "report_map")).context["figures"]

    assert set(charts) == {
        "headline", "reliability", "thresholds", "bands", "gains", "ablation", "parts", "search", "space",
    }  # fmt: skip
    for chart in charts.values():
        drawn = go.Figure(chart)
        assert len(drawn.data) == len(chart["data"]) > 0
        json.dumps(chart, allow_nan=False)


def test_the_charts_reach_the_script_as_data(reader: Client, world: World) -> None:
    page = reader.get(address(world)).content.decode()

    data = page.split('<script id="report-figures" type="application/json">')[1].split("</script>")[0]
    assert set(json.loads(data)) >= {"reliability", "thresholds"}
    assert page.count('data-chart="') == len(json.loads(data))


def test_tags_are_banded_by_what_training_has_counted(reader: Client, world: World) -> None:
    bands = reader.get(address(world)).context["bands"]

    assert [(name, band.n_tags) for name, band in bands] == [("1–9", 1), ("10–29", 1), ("30–99", 1), ("100–299", 1)]


def test_the_tags_that_cost_most_come_first(reader: Client, world: World) -> None:
    worst = reader.get(address(world)).context["worst"]

    assert [row.path for row in worst] == ["Subject › Football", "Politics", "Rare"]
    assert [row.loss for row in worst] == pytest.approx([20, 16 * (1 - 32 / 52), 4])
    assert f"{tag_address(world, 'politics')}?kind=wrong#examples" in reader.get(address(world)).content.decode()


def test_what_training_said_is_told(reader: Client, world: World) -> None:
    said = text_of(reader.get(address(world)))

    for words in (
        "four tags, many documents each", "12.5", "2.0\xa0KB", "passes = 5", "linear score", "neighbours", "-0.0040",
        "n_trees = 14", "taken", "+0.0200", "± 0.0040", "ndcg_at_5 = 0.8400", "1,200 pairs",
    ):  # fmt: skip
        assert " ".join(words.split()) in said, words


def test_columns_of_which_training_said_nothing_are_left_out(reader: Client, world: World) -> None:
    parts, search = [{"name": "linear", "bytes": 2048}], [{"config": {"n_trees": 14}, "ndcg_at_5": 0.8}]
    write_report(world, json.dumps({"parts": parts, "search": search, "dev": {"documents": 81, "ndcg_at_5": 0.70534}}))

    said = text_of(reader.get(address(world)))

    columns = re.findall(r'<th scope="col">([^<]+)</th>', said.partition("What training says")[2])
    assert columns == ["part", "size", "trial", "nDCG@5", "difference", "settings"]
    assert "documents = 81<" in said and "ndcg_at_5 = 0.7053<" in said


@pytest.mark.parametrize(
    ("content", "words"), [("{", "is damaged"), ("[]", "is damaged"), ("{}", "has written nothing down")]
)
def test_a_report_that_tells_nothing_says_so(reader: Client, world: World, content: str, words: str) -> None:
    write_report(world, content)

    answer = reader.get(address(world))

    assert answer.status_code == 200
    assert words in text_of(answer)
    assert "reliability" in answer.context["figures"]


@pytest.mark.parametrize("key", sorted(REPORT))
def test_a_report_with_one_key_alone_is_shown(reader: Client, world: World, key: str) -> None:
    write_report(world, json.dumps({key: REPORT[key]}))

    answer = reader.get(address(world))

    assert answer.status_code == 200
    assert text_of(answer).count('data-chart="') == len(answer.context["figures"])


def test_an_old_bundle_with_nothing_but_predictions_is_shown(reader: Client, world: World) -> None:
    for file in folder_of(world).iterdir():
        if not file.name.startswith("heldout"):
            file.unlink()

    report, on_map = reader.get(address(world)), reader.get(address(world, "report_map"))

    assert report.status_code == on_map.status_code == 200
    for words in ("thresholds of this version cannot be read", "stand in for them", "has written nothing down"):
        assert words in text_of(report)
    assert report.context["at_own"].n_suggested == 56  # at one half: politics at 0.5 still counts
    assert "principal components" in text_of(on_map)


@pytest.mark.parametrize("damage", ["missing", "broken"])
def test_without_predictions_the_report_still_has_its_headline(reader: Client, world: World, damage: str) -> None:
    file = folder_of(world) / "heldout.json"
    file.unlink() if damage == "missing" else file.write_text("{")

    answer = reader.get(address(world))

    assert answer.status_code == 200
    assert set(answer.context["figures"]) == {"headline", "gains", "ablation", "parts", "search"}
    assert "Train a new version" in text_of(answer)


@pytest.mark.parametrize("route", ["report_tags", "report_tags_csv", "report_map"])
def test_without_predictions_the_other_pages_say_what_to_do(reader: Client, world: World, route: str) -> None:
    (folder_of(world) / "heldout.json").unlink()

    answer = reader.get(address(world, route))

    assert answer.status_code == 404
    assert "Train a new version" in text_of(answer)
    assert address(world) in text_of(answer)


def test_a_version_whose_bundle_is_gone_has_a_report_that_says_so(reader: Client, db: None) -> None:
    version = ModelVersionFactory(status=ModelVersion.Status.DELETED, metrics={})

    answer = reader.get(reverse("admin:recommender_modelversion_report", args=[version.pk]))

    assert answer.status_code == 200
    assert "There are no figures yet" in text_of(answer)
    assert "cannot be read" in text_of(answer)


def test_held_out_documents_without_a_tag_are_not_measured_on(reader: Client, db: None) -> None:
    tags = [TagFactory(vocabulary=VocabularyFactory())]
    documents = [DocumentFactory() for _ in range(3)]
    version = make_champion(tags[0].vocabulary, tags, documents, [(0,), (), ()], np.full((3, 1), 0.9, np.float32))

    answer = reader.get(reverse("admin:recommender_modelversion_report", args=[version.pk]))

    assert answer.context["cells"].n_documents == 1
    assert answer.context["at_own"].precision == 1


def test_a_version_that_does_not_exist_is_not_found(reader: Client, world: World) -> None:
    there = address(world)
    elsewhere = there.replace(str(world.version.pk), str(world.vocabulary.pk))

    assert reader.get(elsewhere).status_code == 404


def test_the_table_has_every_tag_with_its_figures_and_is_sorted_worst_first(reader: Client, world: World) -> None:
    rows = reader.get(address(world, "report_tags")).context["found"].object_list

    assert [row.path for row in rows] == ["Subject › Football", "Politics", "Rare", "Subject › Sport"]
    politics = rows[1]
    assert (politics.n_train, politics.n_true, politics.n_missed, politics.n_wrong) == (20, 16, 0, 20)
    assert (politics.precision, politics.recall) == pytest.approx((16 / 36, 1))


@pytest.mark.parametrize(
    ("sort", "first", "last"),
    [
        ("path", "Politics", "Subject › Sport"),
        ("-path", "Subject › Sport", "Politics"),
        ("-n_train", "Subject › Sport", "Rare"),
        ("precision", "Politics", "Subject › Football"),  # never suggested: no precision, so last
        ("-precision", "Subject › Sport", "Subject › Football"),
        ("nonsense", "Subject › Football", "Subject › Sport"),
    ],
)
def test_the_table_is_sorted_by_any_column(reader: Client, world: World, sort: str, first: str, last: str) -> None:
    rows = reader.get(address(world, "report_tags"), {"sort": sort}).context["found"].object_list

    assert (rows[0].path, rows[-1].path) == (first, last)


def test_the_table_is_searched_by_any_name_of_a_tag(reader: Client, world: World) -> None:
    TagLabel.of(world.tags["football"], "soccer", language="en", kind=TagLabel.Kind.ALTERNATIVE).save()

    found = reader.get(address(world, "report_tags"), {"q": "SOCC"})
    nothing = reader.get(address(world, "report_tags"), {"q": "ω"})

    assert [row.path for row in found.context["found"].object_list] == ["Subject › Football"]
    assert "No tag has a name like this" in text_of(nothing)


def test_the_table_is_a_csv_file(reader: Client, world: World) -> None:
    rows = table_of(reader.get(address(world, "report_tags_csv"), {"sort": "path"}))

    assert rows[0][:4] == ["tag", "id", "learnt from", "held out"]
    assert rows[1][:7] == ["Politics", world.tags["politics"].public_id, "20", "16", "36", "16", "0.444444"]
    assert rows[3][6] == ""  # football is never suggested: its precision is undefined


def test_a_tags_page_has_its_figures_neighbours_and_mistakes(reader: Client, world: World) -> None:
    answer = reader.get(tag_address(world, "politics"), {"kind": "wrong"})

    assert answer.status_code == 200
    assert [near.path for near in answer.context["neighbours"]] == ["Subject › Football", "Subject › Sport"]
    assert answer.context["neighbours"][0].similarity == pytest.approx(0.6, abs=1e-3)
    assert [(name, n) for name, _text, n, _current in answer.context["kinds"]] == [
        ("missed", 0), ("wrong", 20), ("right", 16),
    ]  # fmt: skip
    example = answer.context["examples"][0]
    assert example.probability == pytest.approx(0.5)
    assert [tag.label for tag in example.true_tags] == ["Sport", "Football"]
    assert reverse("admin:content_document_change", args=[example.document.pk]) in answer.content.decode()


def test_an_erased_document_keeps_its_place(reader: Client, world: World) -> None:
    world.documents[0].delete()

    answer = reader.get(tag_address(world, "politics"), {"kind": "wrong"})

    assert answer.context["found"].paginator.count == 20
    assert "erased since" in text_of(answer)


def test_documents_need_their_own_permission(world: World) -> None:
    answer = staff_with("view_modelversion").get(tag_address(world, "politics"), {"kind": "wrong"})

    assert answer.status_code == 200
    assert "examples" not in answer.context
    assert "Document 0" not in text_of(answer)


@pytest.mark.parametrize("tag_id", ["tag_00000000000000000000000000", "nonsense"])
def test_an_unknown_tag_is_a_friendly_page(reader: Client, world: World, tag_id: str) -> None:
    answer = reader.get(address(world, "report_tag", tag_id))

    assert answer.status_code == 404
    assert "does not know this tag" in text_of(answer)


def test_a_tag_newer_than_the_model_is_told(reader: Client, world: World) -> None:
    newer = TagFactory(vocabulary=world.vocabulary)

    answer = reader.get(address(world, "report_tag", newer.public_id))

    assert "does not know this tag" in text_of(answer)


def test_the_map_colours_by_facet_and_leaves_out_what_has_no_place(reader: Client, world: World) -> None:
    answer = reader.get(address(world, "report_map"))

    traces = {trace["name"]: trace for trace in answer.context["figures"]["space"]["data"]}
    assert set(traces) == {"Subject", "other or none"}
    assert sorted(traces["Subject"]["text"]) == ["Subject › Football", "Subject › Sport"]
    ids = [tag_id for tag_id, _n in traces["Subject"]["customdata"]]
    assert set(ids) == {world.tags["sport"].public_id, world.tags["football"].public_id}
    sizes = dict(zip(traces["Subject"]["text"], traces["Subject"]["marker"]["size"], strict=True))
    assert sizes["Subject › Sport"] > sizes["Subject › Football"]
    assert "1 tags that the model has not learnt" in text_of(answer)


def test_a_search_on_the_map_with_one_answer_chooses_it(reader: Client, world: World) -> None:
    answer = reader.get(address(world, "report_map"), {"q": "foot"})

    assert answer.context["chosen"].path == "Subject › Football"
    assert [near.path for near in answer.context["neighbours"]] == ["Subject › Sport", "Politics"]
    assert answer.context["figures"]["space"]["data"][-1]["text"] == ["Football"]


def test_a_search_on_the_map_with_several_answers_lists_them(reader: Client, world: World) -> None:
    answer = reader.get(address(world, "report_map"), {"q": "o"})

    assert answer.context["chosen"] is None
    assert {each.path for each in answer.context["found"]} == {"Subject › Football", "Subject › Sport", "Politics"}


def test_a_tag_that_left_the_vocabulary_is_left_out(reader: Client, world: World) -> None:
    world.tags["rare"].labels.all().delete()
    world.tags["rare"].delete()

    rows = reader.get(address(world, "report_tags")).context["found"].object_list

    assert "Rare" not in {row.path for row in rows}
    assert reader.get(address(world, "report_map")).status_code == 200


@pytest.mark.parametrize("route", ROUTES)
def test_pages_are_closed_to_strangers_and_to_staff_without_the_permission(
    client: Client, world: World, route: str
) -> None:
    stranger = client.get(address(world, route))
    client.force_login(UserFactory(is_staff=True))
    staff = client.get(address(world, route))

    assert (stranger.status_code, staff.status_code) == (302, 403)


@pytest.mark.parametrize("route", ROUTES)
def test_pages_only_read_and_cost_few_queries(
    reader: Client, world: World, route: str, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(12):
        assert reader.get(address(world, route)).status_code == 200
    assert reader.post(address(world, route)).status_code == 405


def test_version_and_run_lead_to_the_report(admin_client: Client, world: World) -> None:
    for row in (world.version, world.version.training_run):
        assert address(world) in admin_client.get(page_of(row, "change")).content.decode()


def test_pages_speak_chinese(reader: Client, world: World) -> None:
    answer = reader.get(address(world), headers={"accept-language": "zh-hans"})

    assert "校准" in answer.content.decode()
    assert answer.context["figures"]["thresholds"]["data"][0]["name"] == "精确率"
