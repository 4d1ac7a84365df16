"""Values of a row: what is taken, what is repaired with a note, what is refused."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagplatform.imports.fields import Fields, as_language
from tagplatform.imports.rows import RowRejected

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-05-31", datetime(2024, 5, 31, tzinfo=UTC)),
        ("2024/5/3", datetime(2024, 5, 3, tzinfo=UTC)),
        ("2024-05-31T10:00:00+08:00", datetime(2024, 5, 31, 2, tzinfo=UTC)),
        ("2024-05-31T10:00:00Z", datetime(2024, 5, 31, 10, tzinfo=UTC)),
        (date(2024, 5, 31), datetime(2024, 5, 31, tzinfo=UTC)),
        (datetime(2024, 5, 31, 1, tzinfo=UTC), datetime(2024, 5, 31, 1, tzinfo=UTC)),
        ("", None),
        (None, None),
    ],
)
def test_dates_are_read_in_utc(value: Any, expected: datetime | None) -> None:
    fields = Fields({"published": value})

    moment = fields.moment("published", now=NOW)

    assert moment == expected


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("1899-12-31", "absurd_date"),
        ("2028-01-01", "absurd_date"),
        ("0001-01-01T00:00:00+14:00", "bad_date"),
        ("31.5.2024", "bad_date"),
        ("yesterday", "bad_date"),
        (1717113600, "wrong_type"),
    ],
)
def test_absurd_dates_are_refused_with_a_reason(value: Any, code: str) -> None:
    fields = Fields({"published": value})

    with pytest.raises(RowRejected) as refused:
        fields.moment("published", now=NOW)

    assert refused.value.fault.code == code
    assert "published" in refused.value.fault.reason


def test_texts_lose_control_characters_and_half_characters_with_a_note() -> None:
    fields = Fields({"text": "a\x00b\x1b\r\nc \ud800d\n"})

    text = fields.text("text")

    assert text == "ab\nc \ufffdd"
    assert [note.code for note in fields.notes] == ["control_characters", "lone_surrogates"]


@pytest.mark.parametrize("value", ["a\x00b", "a\udc80", ["a"], {"a": 1}, 1.5, True, "x" * 11])
def test_a_name_with_broken_characters_wrong_type_or_too_long_is_refused(value: Any) -> None:
    fields = Fields({"id": value})

    with pytest.raises(RowRejected) as refused:
        fields.name("id", max_length=10)

    assert refused.value.fault.code in {"bad_characters", "wrong_type", "too_long"}


@pytest.mark.parametrize("value", ["a|b; a", ["a", " b ", "", "a"], ("a", "b")])
def test_lists_come_as_lists_or_with_separators(value: Any) -> None:
    fields = Fields({"tags": value})

    texts = fields.texts("tags")

    assert texts == ["a", "b"]


@pytest.mark.parametrize(
    ("given_tag", "language"),
    [("zh_CN", "zh-hans"), ("zh", "zh-hans"), ("zh-TW", "zh-hant"), ("EN", "en"), ("pt-BR", "pt-br"), ("English!", "")],
)
def test_language_tags_have_one_form(given_tag: str, language: str) -> None:
    assert as_language(given_tag) == language


def test_what_postgresql_cannot_hold_is_repaired_in_extra_fields() -> None:
    fields = Fields({"note": "a\x00", "when": date(2024, 5, 31), "share": float("inf"), "deep": {"\x00k": ["\ud800"]}})

    extra = fields.storable("extra", fields.rest())

    assert extra == {"note": "a", "when": "2024-05-31", "share": "inf", "deep": {"k": ["\ufffd"]}}


@given(
    st.dictionaries(
        st.sampled_from(["id", "text", "tags", "published", "recommendable"]),
        st.from_type(type(None)) | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()),
    )
)
def test_no_value_raises_anything_but_a_rejection(values: dict[str, Any]) -> None:
    fields = Fields(values)

    for ask in (
        lambda: fields.name("id", max_length=50),
        lambda: fields.text("text"),
        lambda: fields.texts("tags"),
        lambda: fields.moment("published", now=NOW),
        lambda: fields.flag("recommendable", default=True),
        lambda: fields.storable("extra", fields.rest()),
    ):
        try:
            ask()
        except RowRejected as refused:
            assert refused.fault.reason
