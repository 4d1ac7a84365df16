"""Tags out of files: names, parents, clashes, and a second import of the same."""

from typing import Any

import pytest

from tagplatform.imports.services import ImportSummary
from tagplatform.taxonomy.imports import import_tags
from tagplatform.taxonomy.models import Tag, TagLabel, Vocabulary
from tests.factories import TagFactory, VocabularyFactory
from tests.imports.conftest import WriteRows, rejects

pytestmark = pytest.mark.django_db


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary.objects.get(pk=VocabularyFactory(slug="topics").pk)


def codes(summary: ImportSummary) -> list[str]:
    return [problem["code"] for problem in summary.first_problems]


def names(notation: str) -> dict[str, str]:
    """Kind by text of the tag's labels."""
    return dict(TagLabel.objects.filter(tag__notation=notation).values_list("text", "kind"))


def test_a_tag_comes_with_its_names_notes_and_parent_wherever_that_stands_in_the_file(
    vocabulary: Vocabulary, write_rows: WriteRows
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "name": "physics", "label": "Physics", "parents": ["science"], "synonyms": ["Natural philosophy"],
            "labels": [{"language": "zh_CN", "kind": "preferred", "text": "物理"}],
            "description": "Matter and energy.", "scope_note": "Not for gadgets.", "status": "candidate",
        },
        {"name": "science", "label": "Science", "recommendable": False},
    ]  # fmt: skip

    summary = import_tags(path=write_rows(rows), vocabulary=vocabulary)

    physics = Tag.objects.get(notation="physics")
    assert physics.parent == Tag.objects.get(notation="science", recommendable=False)
    assert (physics.definition, physics.scope_note, physics.status) == (
        "Matter and energy.", "Not for gadgets.", "candidate",
    )  # fmt: skip
    assert names("physics") == {"Physics": "preferred", "物理": "preferred", "Natural philosophy": "alternative"}
    assert TagLabel.objects.get(text="物理").language == "zh-hans"
    assert (summary.run.rows_created, summary.counts_by_code) == (2, {})


def test_a_second_import_changes_nothing(vocabulary: Vocabulary, write_rows: WriteRows) -> None:
    path = write_rows(
        [
            {"name": "a", "label": "Same", "parents": ["b"]},
            {"name": "b", "label": "same", "synonyms": ["Other", "OTHER"]},
            {"name": "c", "label": "SAME", "parents": ["b"]},
        ]
    )
    import_tags(path=path, vocabulary=vocabulary)
    before = list(TagLabel.objects.order_by("pk").values())

    again = import_tags(path=path, vocabulary=vocabulary)

    assert (again.run.rows_created, again.run.rows_updated, again.run.rows_unchanged) == (0, 0, 3)
    assert list(TagLabel.objects.order_by("pk").values()) == before


def test_what_a_file_does_not_mention_stays_and_a_new_preferred_label_keeps_the_old_one_findable(
    vocabulary: Vocabulary, write_rows: WriteRows
) -> None:
    parent = TagFactory(vocabulary=vocabulary, notation="transport")
    tag = TagFactory(vocabulary=vocabulary, notation="rail", label="Railways", parent=parent, definition="Trains.")
    TagLabel.of(tag, "Trains", language="en", kind="alternative").save()

    unnamed = import_tags(path=write_rows([{"name": "rail", "synonyms": ["Rail"]}]), vocabulary=vocabulary)
    renamed = import_tags(path=write_rows([{"name": "rail", "label": "Trains"}], "b.jsonl"), vocabulary=vocabulary)

    tag.refresh_from_db()
    assert (tag.parent, tag.definition) == (parent, "Trains.")
    assert (unnamed.run.rows_updated, renamed.run.rows_updated) == (1, 1)
    assert names("rail") == {"Railways": "alternative", "Trains": "preferred", "Rail": "alternative"}


def test_a_name_that_another_tag_has_is_left_out_and_a_preferred_one_is_qualified(
    vocabulary: Vocabulary, write_rows: WriteRows
) -> None:
    TagFactory(vocabulary=vocabulary, notation="old", label="Firewall")
    rows = [
        {"name": "net", "label": "Network"},
        {"name": "net::firewall", "label": "FIREWALL", "parents": ["net"]},
        {"name": "x", "label": "X", "synonyms": ["network", "firewall", "x "]},
        {"name": "y", "label": "firewall"},
    ]

    summary = import_tags(path=write_rows(rows), vocabulary=vocabulary)

    assert names("net::firewall") == {"FIREWALL (Network)": "preferred"}
    assert names("x") == {"X": "preferred"}
    assert names("y") == {"firewall (y)": "preferred"}
    assert codes(summary) == ["label_qualified", "label_taken", "label_taken", "label_qualified"]
    assert "“old”" in summary.first_problems[0]["reason"]


def test_a_preferred_label_goes_before_a_synonym_that_stands_earlier_in_the_file(
    vocabulary: Vocabulary, write_rows: WriteRows
) -> None:
    rows = [{"name": "a", "label": "A", "synonyms": ["Trees"]}, {"name": "trees", "label": "Trees"}]

    summary = import_tags(path=write_rows(rows), vocabulary=vocabulary)

    assert names("trees") == {"Trees": "preferred"}
    assert [(problem["line"], problem["code"]) for problem in summary.first_problems] == [(1, "label_taken")]


def test_a_cycle_of_parents_is_reported_and_cut(vocabulary: Vocabulary, write_rows: WriteRows) -> None:
    rows = [
        {"name": "a", "parents": ["b"]},
        {"name": "b", "parents": ["c"]},
        {"name": "c", "parents": ["a"]},
        {"name": "d", "parents": ["d"]},
        {"name": "e", "parents": ["nowhere"]},
        {"name": "f", "parents": ["a", "b"]},
    ]

    summary = import_tags(path=write_rows(rows), vocabulary=vocabulary)

    parents = dict(Tag.objects.values_list("notation", "parent__notation"))
    assert parents == {"a": "b", "b": "c", "c": None, "d": None, "e": None, "f": "a"}
    assert codes(summary) == ["cycle", "cycle", "unknown_parent", "several_parents"]
    assert "c → a → b → c" in summary.first_problems[0]["reason"]
    assert "d → d" in summary.first_problems[1]["reason"]


def test_a_file_may_turn_a_present_hierarchy_upside_down(vocabulary: Vocabulary, write_rows: WriteRows) -> None:
    import_tags(path=write_rows([{"name": "a"}, {"name": "b", "parents": ["a"]}]), vocabulary=vocabulary)
    turned = [{"name": "a", "parents": ["b"]}, {"name": "b", "parents": ["c"]}, {"name": "c"}]

    summary = import_tags(path=write_rows(turned, "turned.jsonl"), vocabulary=vocabulary)

    assert dict(Tag.objects.values_list("notation", "parent__notation")) == {"a": "b", "b": "c", "c": None}
    assert summary.counts_by_code == {}


def test_rows_that_are_no_tags_are_refused_and_written_down(vocabulary: Vocabulary, write_rows: WriteRows) -> None:
    rows: list[dict[str, Any] | str] = [
        {"label": ""},
        {"name": "a\x00"},
        {"name": "x" * 301},
        {"name": "b", "status": "sleeping"},
        {"name": "c", "recommendable": "perhaps"},
        {"name": "d", "labels": [{"text": "D", "kind": "best"}]},
        {"name": "fine"},
        {"name": "fine"},
        "{",
    ]

    summary = import_tags(path=write_rows(rows), vocabulary=vocabulary)

    assert list(Tag.objects.values_list("notation", flat=True)) == ["fine"]
    assert codes(summary) == [
        "no_name", "bad_characters", "too_long", "bad_status", "wrong_type", "bad_label", "duplicate_name", "bad_json",
    ]  # fmt: skip
    assert summary.run.rows_rejected == 8
    assert [line["line"] for line in rejects(summary.run.rejects_path)] == [1, 2, 3, 4, 5, 6, 8, 9]


def test_a_csv_file_lists_synonyms_with_bars(vocabulary: Vocabulary, write_rows: WriteRows) -> None:
    lines = ["name,label,synonyms,parents,recommendable", "rail,Railways,Trains|Tracks,move,yes", "move,,,,no"]

    import_tags(path=write_rows(lines, "tags.csv"), vocabulary=vocabulary)

    assert names("rail") == {"Railways": "preferred", "Trains": "alternative", "Tracks": "alternative"}
    assert names("move") == {"move": "preferred"}
    assert not Tag.objects.get(notation="move").recommendable


def test_many_tags_take_few_queries(
    vocabulary: Vocabulary, write_rows: WriteRows, django_assert_max_num_queries: Any
) -> None:
    path = write_rows(
        {"name": f"t{n}", "label": f"Tag {n}", "parents": [f"t{n // 2}"] if n else []} for n in range(900)
    )

    with django_assert_max_num_queries(45):
        import_tags(path=path, vocabulary=vocabulary)

    assert Tag.objects.filter(parent__isnull=False).count() == 899
