"""Inflections taken off English words, and words as the units by which names are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.ml.inflection import stem, word_pieces, word_units


@pytest.mark.parametrize(
    "forms",
    [
        "library libraries",
        "box boxes",
        "bus buses",
        "house houses",
        "analysis analyses",
        "index indices",
        "cache caches cached caching",
        "train trains trained training",
        "code codes coded coding",
        "plan plans planned planning",
        "control controls controlled controlling",
        "study studies studied studying",
        "movie movies",
        "install installed installing",
        "process processes processed",
        "user user's users",
        "add adding added",
    ],
)
def test_inflections_of_one_word_have_one_stem(forms: str) -> None:
    assert len({stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize(
    "words",
    ["new news", "plan plane", "string strong", "us use", "unit united", "spec species", "even evening", "a as"],
)
def test_different_words_keep_different_stems(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == len(words.split())


@pytest.mark.parametrize("word", ["aws", "c++", "status", "ios", "机器学习", "straße", "3.5.1", "", "s", "this"])
def test_short_words_names_and_other_scripts_stay(word: str) -> None:
    assert stem(word) == word


def test_chinese_falls_into_characters_and_joined_words_into_parts() -> None:
    assert word_units("机器学习") == ("机", "器", "学", "习")
    assert word_units("snake_cases") == ("snake", "case")
    assert word_units("node.js") == ("node", "js")
    assert word_units("user’s") == ("user",)


@given(st.text())
def test_any_word_has_as_many_units_as_pieces(word: str) -> None:
    assert len(word_units(word)) == len(word_pieces(word))
