"""Readers: every row of every format, and a fault with its line where a row cannot be read."""

import gzip
import json
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagplatform.common.errors import DomainError
from tagplatform.imports.readers import open_table
from tagplatform.imports.rows import Row

ROWS = [{"id": "a", "text": "One, two"}, {"id": "b", "text": "三\n四 “quoted”"}]


def codes(rows: list[Row]) -> list[str]:
    return [row.fault.code if row.fault else "" for row in rows]


def test_the_same_rows_come_out_of_every_format(tmp_path: Path) -> None:
    jsonl = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    (tmp_path / "rows.jsonl").write_bytes(jsonl)
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(jsonl))
    (tmp_path / "rows.csv").write_text('id,text\na,"One, two"\nb,"三\n四 “quoted”"\n')
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress((tmp_path / "rows.csv").read_bytes()))
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "rows.parquet")

    read = {
        path.name: [dict(row.values) for row in open_table(path).rows()] for path in sorted(tmp_path.glob("rows.*"))
    }

    assert len(read) == 5
    assert all(rows == ROWS for rows in read.values())


def test_a_table_knows_its_digest_and_about_how_many_rows_it_has(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": 1}\n{"id": 2}')

    table = open_table(path)

    assert (table.rows_total, len(table.digest)) == (2, 64)
    assert [row.index for row in table.rows(skip=1)] == [2]


def test_bad_lines_are_faults_with_their_lines_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"id": 1}\n\n{"id": \n["a"]\n{"id": "caf\xe9"}\n{"id": NaN}\n' + b"[" * 100_000 + b'\n{"id": 7}'
    )

    rows = list(open_table(path).rows())

    assert codes(rows) == ["", "bad_json", "not_an_object", "wrong_encoding", "bad_json", "bad_json", ""]
    assert [row.line for row in rows] == [1, 3, 4, 5, 6, 7, 8]
    assert dict(rows[-1].values) == {"id": 7}


def test_a_line_of_ten_megabytes_is_a_fault_and_takes_no_more_memory_than_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with path.open("wb") as stream:
        stream.write(b'{"id": 1}\n{"id": "' + b"x" * 30_000_000 + b'"}\n{"id": 3}\n')

    tracemalloc.start()
    rows = list(open_table(path).rows())
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert codes(rows) == ["", "line_too_long", ""]
    assert peak_bytes < 16_000_000
    assert len(rows[1].values["text"]) < 10_000


def test_a_file_in_another_encoding_is_read_when_its_encoding_is_said(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("id,text\n1,标签\n".encode("gb18030"))

    unsaid = list(open_table(path).rows())
    said = list(open_table(path, encoding="gb18030").rows())

    assert codes(unsaid) == ["wrong_encoding"]
    assert dict(said[0].values) == {"id": "1", "text": "标签"}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_finds_its_separator_in_the_header(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"ID{separator}tags\n1{separator}a|b\n")

    rows = list(open_table(path).rows())

    assert [dict(row.values) for row in rows] == [{"id": "1", "tags": "a|b"}]


def test_csv_records_that_do_not_fit_the_header_are_faults(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b'id,text\n1\n2,b,c\n\n3,"x"y\n4,\xff\n5,fine\n6,"never closed\n7,swallowed')

    rows = list(open_table(path).rows())

    assert codes(rows) == ["wrong_columns", "wrong_columns", "bad_csv", "wrong_encoding", "", "bad_csv"]
    assert [row.line for row in rows] == [2, 3, 5, 6, 7, 8]


def test_parquet_text_that_is_not_utf_8_is_a_fault_of_its_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    texts = pa.array([b"fine", b"caf\xe9", b"fine too"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"id": [1, 2, 3], "text": texts}), path)

    rows = list(open_table(path).rows())

    assert codes(rows) == ["", "wrong_encoding", ""]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("rows.jsonl", b"", "empty_file"),
        ("rows.csv", b"id,text\n", "empty_file"),
        ("rows.csv", b"id,id\n1,2\n", "bad_header"),
        ("rows.xlsx", b"PK", "unknown_format"),
        ("rows.json", b"[]", "unknown_format"),
        ("rows.jsonl.gz", gzip.compress(b'{"id": 1}\n' * 5000)[:-20], "broken_gzip"),
        ("rows.jsonl.gz", b"not gzip at all", "broken_gzip"),
        ("rows.jsonl", '{"id": 1}\n'.encode("utf-16"), "wrong_encoding"),
        ("rows.parquet", b"PAR1 and nothing more PAR1", "broken_parquet"),
    ],
)
def test_a_file_that_is_no_table_says_so(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(DomainError) as refused:
        list(open_table(path).rows())

    assert refused.value.code == code
    assert name in refused.value.detail


def test_a_missing_file_and_an_unknown_encoding_say_so(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("id\n1\n")

    with pytest.raises(DomainError) as missing:
        open_table(tmp_path / "nothing.jsonl")
    with pytest.raises(DomainError) as unknown:
        open_table(tmp_path / "rows.csv", encoding="klingon")

    assert (missing.value.code, unknown.value.code) == ("no_file", "unknown_encoding")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400), name=st.sampled_from(["rows.jsonl", "rows.csv"]))
def test_no_bytes_crash_a_reader(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    try:
        rows = list(open_table(path).rows())
    except DomainError as refused:
        assert refused.detail
        return

    assert [row.index for row in rows] == list(range(1, len(rows) + 1))
    assert all(row.fault is None or row.fault.reason for row in rows)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), min_size=1), min_size=1, max_size=5))
def test_jsonl_gives_back_every_text(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    read = [dict(row.values) for row in open_table(path).rows()]

    assert read == rows
