"""Files to import, written the way people write them."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

WriteRows = Callable[..., Path]


@pytest.fixture(autouse=True)
def own_var(settings: Settings, tmp_path: Path) -> Path:
    """Rejects files of a test live and die with it."""
    settings.VAR_DIR = tmp_path / "var"
    return tmp_path / "var"


@pytest.fixture
def write_rows(tmp_path: Path) -> WriteRows:
    """`write_rows(rows, name="rows.jsonl")`: a JSONL file of these rows; a text is written as it is."""

    def write(rows: Iterable[Mapping[str, Any] | str], name: str = "rows.jsonl") -> Path:
        path = tmp_path / name
        lines = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


def rejects(path: str | Path) -> list[dict[str, Any]]:
    """The lines of a rejects file."""
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
