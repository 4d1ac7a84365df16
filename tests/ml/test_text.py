"""Tokens of English, Chinese, technical and long texts, and the way back to the raw characters."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.ml.examples import Text
from recommender.ml.spans import located
from recommender.ml.text import cleaned, head_and_tail, tokenise


def body_tokens(raw: str) -> list[str]:
    return list(tokenise(Text("", raw), max_tokens=1000).body)


def test_technical_terms_stay_whole() -> None:
    raw = "C++, C#, .NET and Node.js with notepad++; don't split snake_case, version 3.5.1."

    tokens = body_tokens(raw)

    terms = {"c++", "c#", ".net", "node.js", "notepad++", "don't", "snake_case", "3.5.1"}
    assert terms <= set(tokens)


def test_chinese_is_cut_into_words_and_mixed_terms_survive() -> None:
    raw = "使用C++写的游戏引擎，支持KV Cache"

    tokens = body_tokens(raw)

    assert {"使用", "c++", "游戏", "引擎", "支持", "kv", "cache"} <= set(tokens)


def test_full_width_characters_become_ordinary_ones() -> None:
    raw = "Ｐｙｔｈｏｎ Ｃ＋＋"

    tokens = body_tokens(raw)

    assert tokens == ["python", "c++"]


def test_markup_goes_and_its_text_stays() -> None:
    raw = "<p>Bread &amp; butter</p><script>alert(1)</script><ul><li>one</li><li>two</li></ul>"

    tokens = body_tokens(raw)

    assert tokens == ["bread", "butter", "one", "two"]


def test_a_less_than_sign_without_markup_is_text() -> None:
    raw = "vector<int> when x < y"

    tokens = body_tokens(raw)

    assert tokens == ["vector", "int", "when", "x", "y"]


def test_of_a_long_text_head_and_tail_stay_and_it_is_said() -> None:
    raw = " ".join(f"w{i}" for i in range(100))

    tokens = tokenise(Text("title", raw), max_tokens=41)

    assert tokens.truncated
    assert len(tokens.body) == 40
    assert (tokens.body[0], tokens.body[29], tokens.body[30], tokens.body[-1]) == ("w0", "w29", "w90", "w99")


def test_english_does_not_load_the_chinese_segmenter() -> None:
    program = (
        "import sys; from recommender.ml.text import tokenise; from recommender.ml.examples import Text\n"
        "tokenise(Text('An English title', 'naïve café'), max_tokens=9); assert 'rjieba' not in sys.modules"
    )

    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert finished.returncode == 0, finished.stderr


@given(st.text(max_size=300))
def test_any_text_gives_clean_tokens(raw: str) -> None:
    tokens = tokenise(Text(raw, raw), max_tokens=50)

    words = (*tokens.title, *tokens.body)

    assert all(word and not any(character.isspace() for character in word) for word in words)
    assert len(words) <= 62


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing_more_in_plain_text(raw: str) -> None:
    plain = raw.replace("<", " ").replace("&", " ")

    once = cleaned(plain)

    assert once.lower() == once or cleaned(once) == cleaned(cleaned(once))


@given(st.lists(st.integers(), max_size=40), st.integers(1, 20))
def test_head_and_tail_never_exceed_their_limit(items: list[int], limit: int) -> None:
    kept = head_and_tail(tuple(items), limit)

    assert len(kept) == min(len(items), limit)


@pytest.mark.parametrize(
    ("raw", "token", "expected"),
    [
        ("Category of cat toys", "cat", "cat"),
        ("<b class='game'>A Game</b>", "game", "Game"),
        ("学习Ｐｙｔｈｏｎ语言", "python", "Ｐｙｔｈｏｎ"),
        ("使用C++写的", "c++", "C++"),
        ("İstanbul café", "café", "café"),
    ],
)
def test_a_token_is_found_again_in_the_raw_text(raw: str, token: str, expected: str) -> None:
    text = Text("nothing here", raw)

    evidence = located(text, token, 1.0)

    assert evidence is not None
    assert (evidence.field, evidence.text) == ("body", expected)
    assert raw[evidence.start : evidence.end] == expected
