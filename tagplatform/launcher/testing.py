"""A pytest plugin: where DATABASE_URL is absent, the tests get an embedded database of their own.

Load it with `-p tagplatform.launcher.testing`: it must set the variable before Django reads its settings, so it
cannot live in a conftest.py. Test runs side by side get a data directory each: var/test-postgres, -2, -3, ...
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tagplatform.launcher.embedded import EmbeddedDatabase, start_embedded_database
from tagplatform.launcher.errors import LauncherError

PROJECT = Path(__file__).resolve().parents[2]
MOST_RUNS_AT_ONCE = 20

_databases: list[EmbeddedDatabase] = []
_locks: list[IO[str]] = []


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Start the database before any other plugin touches Django; worker processes inherit the variable."""
    if not os.environ.get("DATABASE_URL"):
        database = _start(_free_directory(_var_directory()))
        _databases.append(database)
        os.environ["DATABASE_URL"] = database.url
    yield


def pytest_unconfigure() -> None:
    """Stop what this run started; the data directory stays for the next run."""
    while _databases:
        _databases.pop().stop()
        os.environ.pop("DATABASE_URL", None)


def _var_directory() -> Path:
    return Path(os.environ.get("TAGPLATFORM_VAR") or PROJECT / "var").resolve()


def _free_directory(var: Path) -> Path:
    """The first data directory that no other test run holds, locked until this process ends."""
    var.mkdir(parents=True, exist_ok=True)
    for number in range(1, MOST_RUNS_AT_ONCE + 1):
        directory = var / ("test-postgres" if number == 1 else f"test-postgres-{number}")
        lock = directory.with_suffix(".lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        _locks.append(lock)
        return directory
    raise pytest.UsageError(f"{MOST_RUNS_AT_ONCE} test runs hold all databases under {var}")


def _start(directory: Path) -> EmbeddedDatabase:
    """Start it; one that a killed machine left broken (nothing is forced to disk) is made anew."""
    try:
        return start_embedded_database(directory, for_tests=True)
    except LauncherError:
        shutil.rmtree(directory, ignore_errors=True)
    try:
        return start_embedded_database(directory, for_tests=True)
    except LauncherError as error:
        raise pytest.UsageError(str(error)) from error
