"""Reads documents with tags from JSON lines (also .gz) and writes ranked predictions in the same manner."""

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from recommender.ml.errors import RowInvalid
from recommender.ml.examples import Example, LabelSpace, Text
from recommender.ml.tag_texts import TagText


@dataclass(frozen=True)
class TaggedDocument:
    """One line: a document with the names of its tags."""

    document_id: str
    text: Text
    tags: tuple[str, ...]
    published_at: float | None


def read_documents(path: Path) -> Iterator[TaggedDocument]:
    """Documents of a file in order; raises RowInvalid with file, line and reason."""
    for place, row in _rows(path):
        yield TaggedDocument(
            _string(row, "id", place, required=True),
            Text(_string(row, "title", place), _string(row, "text", place), _string(row, "lang", place)),
            _strings(row, "tags", place),
            _timestamp(row.get("published"), place),
        )


def read_tag_texts(path: Path) -> dict[str, TagText]:
    """The tags of a vocabulary file by name, in its order; raises RowInvalid with file, line and reason."""
    return {
        _string(row, "name", place, required=True): TagText(
            _string(row, "name", place),
            tuple(dict.fromkeys([_string(row, "label", place), *_strings(row, "synonyms", place)])),
            _string(row, "description", place),
            _strings(row, "parents", place),
        )
        for place, row in _rows(path)
    }


def read_exclusive_groups(path: Path) -> list[tuple[str, ...]]:
    """Names of tags of which a document bears one at most: those below a row with `at_most_one_below`."""
    rows = {_string(row, "name", place, required=True): (row, place) for place, row in _rows(path)}
    broader = {name: next(iter(_strings(row, "parents", place)), "") for name, (row, place) in rows.items()}
    facets = {name for name, (row, _place) in rows.items() if row.get("at_most_one_below") is True}
    groups: dict[str, list[str]] = {}
    for name in rows:
        above = [facet for facet in _upwards(name, broader) if facet in facets]
        if above:
            groups.setdefault(above[-1], []).append(name)
    return [tuple(names) for names in groups.values() if len(names) > 1]


def _upwards(name: str, broader: Mapping[str, str]) -> list[str]:
    """The broader tags, nearest first; a circle is walked once."""
    path: list[str] = []
    while (name := broader.get(name, "")) and name not in path:
        path.append(name)
    return path


def read_predictions(path: Path) -> dict[str, list[tuple[str, float]]]:
    """Ranked (tag, score) lists by document id."""
    predictions = {}
    for place, row in _rows(path):
        try:
            ranked = [(str(name), float(score)) for name, score in row["tags"]]
        except (KeyError, TypeError, ValueError) as error:
            raise RowInvalid(f'{place}: "tags" is a list of [name, score] pairs ({error!r})') from error
        predictions[_string(row, "id", place, required=True)] = ranked
    return predictions


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """One JSON object a line, compressed when the name ends in .gz."""
    with _opened(path, "wt") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_examples(documents: Sequence[TaggedDocument], label_space: LabelSpace) -> list[Example]:
    """Examples in the same order; tags that the label space does not have are left out."""
    label_of = label_space.label_by_tag_id
    return [
        Example(
            document.text,
            tuple(label_of[tag] for tag in dict.fromkeys(document.tags) if tag in label_of),
            document.document_id,
            published_at=document.published_at,
        )
        for document in documents
    ]


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, object) of every line that is not blank; the place reads "file, line 7"."""
    number = 0
    try:
        with _opened(path, "rt") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield f"{path}, line {number}", _parsed(line, f"{path}, line {number}")
    except UnicodeDecodeError as error:
        raise RowInvalid(f"{path}, after line {number}: not UTF-8 ({error.reason})") from error
    except (OSError, EOFError) as error:
        raise RowInvalid(f"{path}, after line {number}: cannot be read ({error})") from error


def _opened(path: Path, mode: str) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, mode, encoding="utf-8")  # type: ignore[return-value]
    return path.open(mode, encoding="utf-8")


def _parsed(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise RowInvalid(f"{place}: not JSON ({error})") from error
    if not isinstance(row, dict):
        raise RowInvalid(f"{place}: a JSON object is wanted, not {type(row).__name__}")
    return row


def _string(row: dict[str, Any], name: str, place: str, *, required: bool = False) -> str:
    value = row.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value):
        raise RowInvalid(f'{place}: "{name}" is a text, not {value!r}')
    return value


def _strings(row: dict[str, Any], name: str, place: str) -> tuple[str, ...]:
    values = row.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise RowInvalid(f'{place}: "{name}" is a list of texts, not {str(values)[:60]}')
    return tuple(values)


def _timestamp(value: Any, place: str) -> float | None:
    if value is None:
        return None
    try:
        when = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise RowInvalid(f'{place}: "published" is an ISO 8601 date, not {value!r}') from error
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
