"""A temporary folder for databases that another pytest session beside this one leaves alone."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Like pytest's own; that one lies in a folder which each new session closes to other users."""
    with tempfile.TemporaryDirectory(prefix="launcher-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()
