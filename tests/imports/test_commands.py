"""The import commands: what they print, when they fail."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tagplatform.content.models import Document, Source, TagAssignment
from tagplatform.imports.models import ImportRun
from tagplatform.imports.selectors import latest_imports
from tagplatform.taxonomy.models import Tag, TagLabel, Vocabulary
from tests.imports.conftest import WriteRows

pytestmark = pytest.mark.django_db


def call(command: str, *arguments: object, **options: Any) -> str:
    output = StringIO()
    call_command(command, *map(str, arguments), stdout=output, **options)
    return output.getvalue()


def test_tags_and_documents_go_into_what_the_commands_make(write_rows: WriteRows) -> None:
    tags = write_rows([{"name": "rail", "label": "Railways"}], "tags.jsonl")
    documents = write_rows([{"id": "1", "text": "x", "tags": ["Railways"]}, {"text": "no id"}], "news.jsonl")

    call("import_tags", tags, "--vocabulary", "topics", "--create")
    output = call("import_documents", documents, "--vocabulary", "topics", "--source", "cms", "--create")

    assert "news.jsonl → cms / topics: 2 rows: 1 created, 0 updated, 0 unchanged, 1 rejected, 0 warnings." in output
    assert "news.jsonl:2: rejected: The row has no “id”" in output
    assert ImportRun.objects.get(kind="documents").rejects_path in output
    assert [run.kind for run in latest_imports()] == ["documents", "tags"]


def test_only_the_first_ten_problems_are_printed(write_rows: WriteRows) -> None:
    documents = write_rows([{"text": "no id"}] * 25)

    output = call("import_documents", documents, "--vocabulary", "topics", "--source", "cms", "--create")

    assert output.count("rejected: ") == 10
    assert "no_id 25" in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--vocabulary", "topics", "--source", "cms"], "There is no source “cms”"),
        (["--vocabulary", "topics", "--source", "made"], "There is no vocabulary “topics” (there are: none yet)"),
    ],
)
def test_a_missing_target_is_named_with_the_way_out(write_rows: WriteRows, arguments: list[str], words: str) -> None:
    Source.objects.create(slug="made", name="Made")
    documents = write_rows([{"id": "1", "text": "x"}])

    with pytest.raises(CommandError) as failed:
        call("import_documents", documents, *arguments)

    assert words in str(failed.value)
    assert "--create" in str(failed.value)


def test_strict_fails_in_one_sentence(write_rows: WriteRows) -> None:
    documents = write_rows([{"id": "1", "text": "x", "published": "3024-01-01"}])

    with pytest.raises(CommandError, match="1 row is bad; nothing was imported"):
        call("import_documents", documents, "--vocabulary", "t", "--source", "s", "--create", "--strict")

    assert not Document.objects.exists()


def test_a_missing_file_fails_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        call("import_tags", tmp_path / "none.jsonl", "--vocabulary", "topics", "--create")


def test_the_newsroom_sample_loads_without_a_rejected_row_and_twice_does_no_harm() -> None:
    output = call("import_newsroom")
    assignments = TagAssignment.objects.count()

    call("import_newsroom")

    assert "48 tags and 220 documents" in output
    assert not ImportRun.objects.filter(rows_rejected__gt=0).exists()
    assert Tag.objects.filter(parent__isnull=False).exists()
    assert TagLabel.objects.filter(language="zh-hans", kind="preferred").exists()
    assert set(Document.objects.values_list("language", flat=True)) == {"en", "zh-hans"}
    assert not Document.objects.filter(published_at__isnull=True).exists()
    assert TagAssignment.objects.count() == assignments > 220
    assert Vocabulary.objects.get().slug == "newsroom"
