"""The way of a file into the database: resumable after any cut, strict on demand, one import at a time."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connection

from tagplatform.common.errors import Conflict, InvalidInput
from tagplatform.content.imports import DocumentTarget, import_documents
from tagplatform.content.models import Document
from tagplatform.imports.models import ImportRun
from tagplatform.imports.services import ImportOptions, Progress
from tests.factories import SourceFactory, TagFactory, VocabularyFactory
from tests.imports.conftest import WriteRows, rejects

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def target(db: None) -> DocumentTarget:
    vocabulary = VocabularyFactory(slug="topics")
    TagFactory(vocabulary=vocabulary, notation="rail")
    return DocumentTarget(SourceFactory(slug="cms"), vocabulary)


def url_of_test_database() -> str:
    """For another process or connection."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))


def rows(count: int, *, bad_every: int = 0) -> list[dict[str, Any]]:
    """Documents, every so many of them without an id."""
    return [
        {"text": f"Text {n}", "tags": ["rail"]} | ({} if bad_every and n % bad_every == 0 else {"id": f"d{n}"})
        for n in range(1, count + 1)
    ]


def cut_after(n_rows: int) -> ImportOptions:
    def cut(progress: Progress) -> None:
        if progress.done >= n_rows:
            raise KeyboardInterrupt

    return ImportOptions(on_progress=cut)


def test_a_cut_import_goes_on_where_it_was_and_counts_every_row_once(
    target: DocumentTarget, write_rows: WriteRows
) -> None:
    path = write_rows(rows(1200, bad_every=100))
    with pytest.raises(KeyboardInterrupt):
        import_documents(path=path, target=target, options=cut_after(500))

    summary = import_documents(path=path, target=target)

    run = ImportRun.objects.get()
    assert (summary.resumed_at, run.rows_done, run.state) == (500, 1200, "succeeded")
    assert (run.rows_created, run.rows_rejected) == (1188, 12)
    assert [line["row_number"] for line in rejects(run.rejects_path)] == list(range(100, 1201, 100))
    assert summary.counts_by_code == {"no_id": 12}


def test_what_was_written_about_rows_that_were_not_committed_is_forgotten(
    target: DocumentTarget, write_rows: WriteRows
) -> None:
    path = write_rows(rows(600, bad_every=300))
    with pytest.raises(KeyboardInterrupt):
        import_documents(path=path, target=target, options=cut_after(500))
    with Path(ImportRun.objects.get().rejects_path).open("a") as stream:
        stream.write('{"row_number": 600, "severity": "rejected", "code": "no_id"}\n{"row_num')

    summary = import_documents(path=path, target=target)

    assert [line["row_number"] for line in rejects(summary.run.rejects_path)] == [300, 600]


def test_restart_begins_anew_and_a_finished_or_changed_file_too(target: DocumentTarget, write_rows: WriteRows) -> None:
    path = write_rows(rows(600))
    with pytest.raises(KeyboardInterrupt):
        import_documents(path=path, target=target, options=cut_after(500))

    restarted = import_documents(path=path, target=target, options=ImportOptions(restart=True))
    finished = import_documents(path=path, target=target)
    changed = import_documents(path=write_rows(rows(601)), target=target)

    assert [summary.resumed_at for summary in (restarted, finished, changed)] == [0, 0, 0]
    assert [summary.run.rows_unchanged for summary in (restarted, finished, changed)] == [500, 600, 600]
    assert ImportRun.objects.filter(state="failed", message="The process was cut off.").count() == 1


def test_a_run_that_fails_says_why_and_the_next_call_goes_on(target: DocumentTarget, write_rows: WriteRows) -> None:
    path = write_rows(rows(1100))

    def fail(progress: Progress) -> None:
        if progress.done == 1000:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        import_documents(path=path, target=target, options=ImportOptions(on_progress=fail))
    failed = ImportRun.objects.get()

    summary = import_documents(path=path, target=target)

    assert (failed.state, failed.message, failed.rows_done) == ("failed", "disk full", 1000)
    assert (summary.resumed_at, summary.run.rows_created, summary.run.message) == (1000, 1100, "")


def test_strict_writes_nothing_when_a_row_is_bad_and_says_how_many_are(
    target: DocumentTarget, write_rows: WriteRows
) -> None:
    bad = [*rows(520, bad_every=260), {"id": "z", "text": "x", "tags": ["unheard of"]}]

    with pytest.raises(InvalidInput) as refused:
        import_documents(path=write_rows(bad), target=target, options=ImportOptions(strict=True))

    run = ImportRun.objects.get()
    assert refused.value.detail.startswith("3 rows are bad; nothing was imported.")
    assert "line 260" in refused.value.detail
    assert (Document.objects.count(), run.state, run.rows_rejected) == (0, "failed", 3)
    assert [line["line"] for line in rejects(run.rejects_path)] == [260, 520, 521]


def test_strict_imports_a_file_without_a_bad_row(target: DocumentTarget, write_rows: WriteRows) -> None:
    summary = import_documents(path=write_rows(rows(3)), target=target, options=ImportOptions(strict=True))

    assert (summary.run.rows_created, summary.run.rejects_path) == (3, "")


def test_a_row_that_only_the_database_refuses_does_not_take_the_others_with_it(
    target: DocumentTarget, write_rows: WriteRows
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE content_document ADD CONSTRAINT no_thirteen CHECK (external_id <> 'd13')")

    summary = import_documents(path=write_rows(rows(40)), target=target)

    assert (summary.run.rows_created, summary.run.rows_rejected) == (39, 1)
    assert (summary.first_problems[0]["line"], summary.first_problems[0]["code"]) == (13, "refused")


@pytest.mark.django_db(transaction=True)
def test_a_second_import_into_the_same_target_is_refused_while_one_runs(write_rows: WriteRows) -> None:
    target = DocumentTarget(SourceFactory(slug="cms"), VocabularyFactory(slug="topics"))
    path = write_rows(rows(2))

    with psycopg.connect(url_of_test_database()) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [held_key(path, target)])
        with pytest.raises(Conflict) as refused:
            import_documents(path=path, target=target)

    assert refused.value.code == "import_running"


def held_key(path: Path, target: DocumentTarget) -> int:
    """The lock that an import of this file takes, as the database shows it while it is held."""
    keys: list[int] = []

    def look(progress: Progress) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks WHERE locktype = 'advisory'")
            keys.extend(row[0] for row in cursor.fetchall())

    import_documents(path=path, target=target, options=ImportOptions(on_progress=look))
    return keys[0]


def wait_until_alone() -> None:
    """The server ends the session of a killed process, and with it its lock, a moment later."""
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            row = cursor.fetchone()
        if row is not None and row[0] == 0:
            return
        time.sleep(0.02)
    pytest.fail("another session has been open for 10 seconds")


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_in_the_middle_loses_nothing(write_rows: WriteRows, tmp_path: Path) -> None:
    target = DocumentTarget(SourceFactory(slug="cms"), VocabularyFactory(slug="topics"))
    path = write_rows(rows(3000))
    process = subprocess.Popen(
        [sys.executable, "manage.py", "import_documents", str(path), "--source", "cms", "--vocabulary", "topics"],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url_of_test_database(), "TAGPLATFORM_VAR": str(tmp_path / "var")},
    )
    while process.poll() is None and not ImportRun.objects.filter(rows_done__gt=0).exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    done_before = ImportRun.objects.get().rows_done
    wait_until_alone()

    summary = import_documents(path=path, target=target)

    assert 0 < done_before < 3000
    assert summary.resumed_at == done_before
    assert (summary.run.rows_created, Document.objects.count()) == (3000, 3000)
