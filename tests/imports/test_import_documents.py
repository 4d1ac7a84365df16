"""Documents out of files: with their tags, again, and with what is wrong in them."""

from typing import Any

import pytest

from tagplatform.content.imports import DocumentTarget, UnknownTags, import_documents
from tagplatform.content.models import MAX_BODY_CHARACTERS, Document, TagAssignment
from tagplatform.imports.services import ImportSummary
from tagplatform.taxonomy.models import Tag, TagProposal, Vocabulary
from tests.factories import SourceFactory, TagAssignmentFactory, TagFactory, VocabularyFactory
from tests.imports.conftest import WriteRows, rejects

pytestmark = pytest.mark.django_db


@pytest.fixture
def target() -> DocumentTarget:
    """A source, and a vocabulary with the tags `rail` (Railways) and `road`."""
    vocabulary = VocabularyFactory(slug="topics")
    TagFactory(vocabulary=vocabulary, notation="rail", label="Railways")
    TagFactory(vocabulary=vocabulary, notation="road")
    return DocumentTarget(SourceFactory(slug="cms"), vocabulary)


def policy(target: DocumentTarget, unknown_tags: str) -> DocumentTarget:
    return DocumentTarget(target.source, target.vocabulary, unknown_tags)


def tags_of(external_id: str) -> set[str]:
    return set(Document.objects.get(external_id=external_id).tag_assignments.values_list("tag__notation", flat=True))


def counts(summary: ImportSummary) -> tuple[int, int, int, int]:
    run = summary.run
    return run.rows_created, run.rows_updated, run.rows_unchanged, run.rows_rejected


def test_a_document_comes_with_everything_its_row_says(target: DocumentTarget, write_rows: WriteRows) -> None:
    row = {
        "id": 7, "title": "Tram", "text": "It runs.", "tags": ["RAILWAYS", "road"], "published": "2024-05-31",
        "lang": "zh_CN", "group": "g", "extra": {"desk": "city"}, "split": "train", "empty": "",
    }  # fmt: skip

    import_documents(path=write_rows([row]), target=target)

    document = Document.objects.get(source=target.source, external_id="7")
    assert (document.title, document.body, document.language, document.split_group) == (
        "Tram", "It runs.", "zh-hans", "g",
    )  # fmt: skip
    assert document.published_at is not None and document.published_at.isoformat() == "2024-05-31T00:00:00+00:00"
    assert document.extra == {"desk": "city", "split": "train"}
    assert tags_of("7") == {"rail", "road"}
    assert set(document.tag_assignments.values_list("origin", flat=True)) == {"imported"}


def test_importing_again_creates_updates_and_leaves_alone(target: DocumentTarget, write_rows: WriteRows) -> None:
    first = [{"id": str(n), "text": f"Text {n}", "tags": ["rail"]} for n in range(3)]
    import_documents(path=write_rows(first), target=target)
    second = [first[0], {**first[1], "text": "New"}, {**first[2], "tags": ["road"]}, {"id": "3", "text": "Fresh"}]

    summary = import_documents(path=write_rows(second, "second.jsonl"), target=target)

    assert counts(summary) == (1, 2, 1, 0)
    assert Document.objects.get(external_id="1").body == "New"
    assert [tags_of(str(n)) for n in range(4)] == [{"rail"}, {"rail"}, {"road"}, set()]


def test_an_import_never_takes_away_what_an_editor_gave_and_a_row_without_tags_says_nothing(
    target: DocumentTarget, write_rows: WriteRows
) -> None:
    import_documents(path=write_rows([{"id": "1", "text": "x", "tags": ["rail"]}]), target=target)
    document = Document.objects.get()
    TagAssignmentFactory(document=document, tag=Tag.objects.get(notation="road"), origin=TagAssignment.Origin.EDITOR)

    import_documents(path=write_rows([{"id": "1", "text": "y"}], "b.jsonl"), target=target)
    kept = tags_of("1")
    import_documents(path=write_rows([{"id": "1", "text": "y", "tags": []}], "c.jsonl"), target=target)

    assert kept == {"rail", "road"}
    assert tags_of("1") == {"road"}


def test_a_replaced_tag_stands_for_its_successor_and_a_retired_one_is_unknown(
    target: DocumentTarget, write_rows: WriteRows
) -> None:
    rail = Tag.objects.get(notation="rail")
    TagFactory(vocabulary=target.vocabulary, notation="trains", status="retired", replaced_by=rail)
    TagFactory(vocabulary=target.vocabulary, notation="canals", status="retired")

    summary = import_documents(path=write_rows([{"id": "1", "text": "x", "tags": ["trains", "canals"]}]), target=target)

    assert tags_of("1") == {"rail"}
    assert "“canals”" in summary.first_problems[0]["reason"]


@pytest.mark.parametrize(
    ("unknown_tags", "expected", "severities"),
    [
        (UnknownTags.REPORT, {"rail"}, ["warning"]),
        (UnknownTags.REJECT, None, ["rejected"]),
        (UnknownTags.IGNORE, {"rail"}, []),
        (UnknownTags.CREATE, {"rail", "Sky hooks"}, []),
        (UnknownTags.PROPOSE, {"rail"}, []),
    ],
)
def test_unknown_tags_are_treated_as_chosen(
    target: DocumentTarget, write_rows: WriteRows, unknown_tags: str, expected: set[str] | None, severities: list[str]
) -> None:
    path = write_rows([{"id": "1", "text": "x", "tags": ["rail", "Sky hooks", "sky  HOOKS"]}])

    summary = import_documents(path=path, target=policy(target, unknown_tags))

    assert [problem["severity"] for problem in summary.first_problems] == severities
    assert Document.objects.exists() == (expected is not None)
    assert expected is None or tags_of("1") == expected


def test_proposals_are_counted_once_however_often_the_file_is_imported(
    target: DocumentTarget, write_rows: WriteRows
) -> None:
    path = write_rows({"id": str(n), "text": "x", "tags": ["Sky hooks"]} for n in range(3))

    import_documents(path=path, target=policy(target, UnknownTags.PROPOSE))
    import_documents(path=path, target=policy(target, UnknownTags.PROPOSE))

    proposal = TagProposal.objects.get()
    assert (proposal.text, proposal.times_proposed) == ("Sky hooks", 3)


def test_where_one_tag_is_allowed_a_document_with_two_is_taken_without(
    target: DocumentTarget, write_rows: WriteRows
) -> None:
    target.vocabulary.selection_mode = Vocabulary.SelectionMode.ONE
    target.vocabulary.save()
    path = write_rows(
        [{"id": "1", "text": "x", "tags": ["rail", "road"]}, {"id": "2", "text": "x", "tags": ["rail", "Railways"]}]
    )

    summary = import_documents(path=path, target=target)

    assert (tags_of("1"), tags_of("2")) == (set(), {"rail"})
    assert summary.counts_by_code == {"too_many_tags": 1}


def test_bad_rows_are_refused_with_file_line_and_reason_and_the_others_are_taken(
    target: DocumentTarget, write_rows: WriteRows
) -> None:
    rows: list[dict[str, Any] | str] = [
        {"id": "1", "text": "fine"},
        {"text": "no id"},
        {"id": "3", "title": " "},
        {"id": "4", "text": "x", "published": "1066-10-14"},
        {"id": "5", "text": "x", "published": "soon"},
        {"id": "6", "title": "x" * 1001},
        {"id": "7\x00", "text": "x"},
        {"id": "8", "text": ["x"]},
        "not json",
        {"id": "10", "text": "fine\x00, mostly"},
    ]

    summary = import_documents(path=write_rows(rows, "news.jsonl"), target=target)

    written = rejects(summary.run.rejects_path)
    assert counts(summary) == (2, 0, 0, 8)
    assert [line["code"] for line in written] == [
        "no_id", "no_text", "absurd_date", "bad_date", "too_long", "bad_characters", "wrong_type", "bad_json",
        "control_characters",
    ]  # fmt: skip
    assert [line["line"] for line in written] == list(range(2, 11))
    assert {line["file"] for line in written} == {"news.jsonl"}
    assert written[3]["row"] == {"id": "5", "text": "x", "published": "soon"}
    assert Document.objects.get(external_id="10").body == "fine, mostly"


def test_a_text_over_the_limit_keeps_its_beginning_and_end(target: DocumentTarget, write_rows: WriteRows) -> None:
    body = "begin " + "x" * MAX_BODY_CHARACTERS + " end"

    summary = import_documents(path=write_rows([{"id": "1", "text": body}]), target=target)

    stored = Document.objects.get().body
    assert len(stored) == MAX_BODY_CHARACTERS
    assert (stored[:5], stored[-3:]) == ("begin", "end")
    assert summary.counts_by_code == {"text_shortened": 1}


def test_an_id_that_comes_twice_is_reported_and_its_last_row_counts(
    target: DocumentTarget, write_rows: WriteRows
) -> None:
    near = [{"id": "a", "text": "first"}, {"id": "a", "text": "second"}]
    far = [{"id": f"f{n}", "text": "x"} for n in range(600)] + [{"id": "f0", "text": "later"}]

    summary = import_documents(path=write_rows([*near, *far]), target=target)

    assert Document.objects.get(external_id="a").body == "second"
    assert Document.objects.get(external_id="f0").body == "later"
    assert [problem["code"] for problem in summary.first_problems] == ["duplicate_id", "duplicate_id"]


def test_csv_separates_tags_with_bars_or_semicolons(target: DocumentTarget, write_rows: WriteRows) -> None:
    lines = ["id,title,tags,extra", 'a,One,rail|road,"{""desk"": 1}"', "b,Two,rail; road,", "c,Three,,"]

    summary = import_documents(path=write_rows(lines, "news.csv"), target=target)

    assert counts(summary) == (3, 0, 0, 0)
    assert [tags_of(name) for name in "abc"] == [{"rail", "road"}, {"rail", "road"}, set()]
    assert Document.objects.get(external_id="a").extra == {"desk": 1}


def test_a_batch_takes_few_queries(
    target: DocumentTarget, write_rows: WriteRows, django_assert_max_num_queries: Any
) -> None:
    rows = [{"id": str(n), "text": "x", "tags": ["rail", "road"]} for n in range(500)]
    path = write_rows(rows)

    with django_assert_max_num_queries(25):
        import_documents(path=path, target=target)

    assert TagAssignment.objects.count() == 1000
