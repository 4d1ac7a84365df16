"""Words of tags, and their names found in texts."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommender.ml.examples import Text
from recommender.ml.inflection import word_units
from recommender.ml.lexical import LexicalIndex, Matches
from recommender.ml.name_forms import STOP_WORDS
from recommender.ml.tag_texts import TagText, as_tokens, name_words
from recommender.ml.tensors import mapped_tensors, tensors_as_bytes
from recommender.ml.text import cleaned, tokenise, words_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("works-with::text", ("works", "with", "text")),
        ("product-management", ("product", "management")),
        ("snake_case", ("snake_case", "snake", "case")),
        ("OpenStack", ("openstack", "open", "stack")),
        ("HTMLEditor", ("htmleditor", "html", "editor")),
        ("iOS", ("ios",)),
        ("组织关系-裁员", ("组织关系", "裁员")),
        ("implemented-in::c++", ("implemented", "in", "c++")),
        ("🎉", ()),
    ],
)
def test_names_for_machines_are_taken_apart_into_words(name: str, words: tuple[str, ...]) -> None:
    assert name_words(name) == words


def test_words_of_names_stand_as_title_and_words_about_the_tag_as_body() -> None:
    tag_text = TagText(
        "works-with::text", ("Plain text", ""), "Works with <b>unformatted</b> documents.", ("works-with",)
    )

    tokens = as_tokens(tag_text)

    assert tokens.title == ("works", "with", "text", "plain", "text")
    assert tokens.body == ("works", "with", "unformatted", "documents", "works", "with")


NAMES = (
    "open-source",
    "machine learning",
    "learning",
    "works-with::text",
    "C",
    "go",
    "IT",
    "C++",
    "node.js",
    "机器学习",
    "云",
    "KV缓存",
    "Poetry, English",
    "Mercury (planet)",
    "OpenStack",
    "research & development",
)


def index_of(*names: str) -> LexicalIndex:
    return LexicalIndex.build([TagText(name) for name in names])


def found(index: LexicalIndex, title: str, body: str = "") -> Matches:
    text = Text(title, body)
    return index.matches(tokenise(text, max_tokens=10_000), text)


def found_names(title: str, body: str = "") -> set[str]:
    return {NAMES[label] for label in found(index_of(*NAMES), title, body).labels}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Opensource, and open_source too", {"open-source"}),
        ("machines that learn", {"learning"}),
        ("Machine-Learning", {"machine learning", "learning"}),
        ("extracts texts from scans", {"works-with::text"}),
        ("written in C, not C++", {"C", "C++"}),
        ("written in c++", {"C++"}),
        ("it is time to go", set()),
        ("Go to the IT department", {"IT"}),
        ("we rewrote it in Go", {"go"}),
        ("a Node.JS server", {"node.js"}),
        ("english poetry of the sea", {"Poetry, English"}),
        ("the orbit of Mercury", {"Mercury (planet)"}),
        ("Open Stack clouds", {"OpenStack"}),
        ("Research and development", {"research & development"}),
        ("深度机器学习实践", {"机器学习"}),
        ("使用C语言", {"C"}),
        ("云 指南", {"云"}),
        ("风云人物", set()),
        ("大模型推理的KV缓存", {"KV缓存"}),
        ("", set()),
    ],
)
def test_names_are_found_whatever_their_spelling(text: str, names: set[str]) -> None:
    assert found_names(text) == names
    assert found_names("", text) == names


def test_a_shorter_name_inside_a_longer_one_is_weak_evidence() -> None:
    index = index_of("machine learning", "learning")

    matches = found(index, "Machine learning", "Learning machine learning, and learning again")

    assert matches.labels.tolist() == [0, 1]
    assert matches.n_in_title.tolist() == [1, 0]
    assert matches.n_in_body.tolist() == [1, 2]
    assert matches.n_inside.tolist() == [0, 2]
    assert matches.longest.tolist() == [2, 1]


def test_a_name_that_does_not_count_hides_no_other() -> None:
    matches = found(index_of("the who", "who"), "the WHO")

    assert matches.labels.tolist() == [1]
    assert matches.n_inside.tolist() == [0]


def test_figures_of_a_match_say_how_the_name_stands_in_the_text() -> None:
    index = LexicalIndex.build([TagText("use::analysing", ("text analysis", "analyses of text"))])

    matches = found(index, "Nothing here", "but text analyses, text analysis")

    assert matches.n_in_title.tolist() == [0]
    assert matches.n_in_body.tolist() == [2]
    assert matches.n_exact.tolist() == [1]
    assert matches.is_preferred_label.tolist() == [False]
    assert matches.share.tolist() == [1.0]
    assert 0.3 < matches.first[0] < 0.6


def test_a_facets_value_is_a_share_of_the_name() -> None:
    matches = found(index_of("works-with::text"), "a text")

    assert matches.is_preferred_label.tolist() == [True]
    assert matches.share[0] == pytest.approx(4 / 13)


def test_a_name_of_two_tags_belongs_to_both() -> None:
    assert found(index_of("culture::java", "Java (island)", "Java"), "Java").labels.tolist() == [0, 1, 2]
    assert found(index_of("C", "implemented-in::C"), "C").labels.tolist() == [0, 1]


def test_without_raw_text_names_in_exact_case_are_left_out() -> None:
    text = Text("", "IT and open source in C")

    matches = index_of(*NAMES).matches(tokenise(text, max_tokens=100))

    assert {NAMES[label] for label in matches.labels} == {"open-source"}


def test_many_texts_at_once_match_as_each_alone() -> None:
    texts = [
        Text("Go, IT", "machine learning"),
        Text("", ""),
        Text("云 上", "we use Go, it is C"),
        Text("learning", ""),
    ]
    tokens = [tokenise(text, max_tokens=100) for text in texts]
    index = index_of(*NAMES)

    together = index.matches_of(tokens, texts)

    for document, text in enumerate(texts):
        alone, rows = index.matches(tokens[document], text), together.documents == document
        for column in set(vars(alone)) - {"documents"}:
            assert getattr(alone, column).tolist() == pytest.approx(getattr(together, column)[rows].tolist())


def test_extension_equals_an_index_of_all_at_once() -> None:
    tag_texts = [TagText(name, (name.upper(), f"about {name}")) for name in NAMES]

    extended = LexicalIndex.build(tag_texts[:3]).extended(tag_texts[3:9]).extended(tag_texts[9:])

    assert_equal(extended, LexicalIndex.build(tag_texts))


def test_tensors_and_words_give_the_index_back(tmp_path: Path) -> None:
    index = index_of(*NAMES)
    (tmp_path / "names").write_bytes(tensors_as_bytes(index.tensors()))

    again = LexicalIndex.from_tensors(mapped_tensors(tmp_path / "names"), json.loads(json.dumps(index.words)))

    assert_equal(again, index)
    assert (
        found(again, "machine learning in C").labels.tolist() == found(index, "machine learning in C").labels.tolist()
    )
    assert again.extended([TagText("new")]).n_labels == len(NAMES) + 1


def assert_equal(first: LexicalIndex, second: LexicalIndex) -> None:
    assert (first.words, first.n_labels) == (second.words, second.n_labels)
    for column, values in vars(first.forms).items():
        np.testing.assert_array_equal(values, getattr(second.forms, column))


WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "So", "Pd", "Pc")), min_size=1, max_size=12)
LOADED_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SOME_NAMES = st.lists(
    st.lists(st.one_of(WORDS, st.sampled_from(["Go", "IT", "data", "云", "数据库", "::", "(x)"])), max_size=3).map(
        " ".join
    ),
    max_size=8,
)


@LOADED_MACHINE
@given(SOME_NAMES, WORDS)
def test_every_name_that_has_words_is_found_where_it_stands(names: list[str], around: str) -> None:
    index = index_of(*names)

    for label, name in enumerate(names):
        words = list(words_of(cleaned(name)))
        is_weak = all(len(word) == 1 or word in STOP_WORDS for word in words)
        n_units = sum(len(word_units(word)) for word in words)
        if 0 < n_units <= 40 and (not is_weak or name != name.lower()):
            assert label in found(index, "", f"{around} , {name} , {around}").labels


@LOADED_MACHINE
@given(SOME_NAMES, st.text())
def test_any_text_gives_figures_in_bounds_and_spans_of_the_raw_text(names: list[str], body: str) -> None:
    index = index_of(*names)

    matches = found(index, body, body)

    assert (matches.n_in_title + matches.n_in_body + matches.n_inside > 0).all()
    assert (matches.n_exact <= matches.n_in_title + matches.n_in_body + matches.n_inside).all()
    assert ((matches.first >= 0) & (matches.first <= 1)).all()
    assert ((matches.share > 0) & (matches.share <= 1)).all()
    for label in matches.labels.tolist():
        for span in index.where(Text(body, body), label):
            assert span.text == body[span.start : span.end] != ""


@pytest.mark.parametrize(
    "raw",
    [
        "\ud800 go \udfff IT",
        "🎉" * 50_000,
        "it " * 300_000,
        "<b>" * 50_000,
        "a" * 1_000_000,
        "云" * 100_000,
        "\x00" * 9,
    ],
    ids=["surrogates", "emoji", "stop words", "markup", "one word", "Chinese", "zeros"],
)
def test_hostile_texts_and_names_do_no_harm(raw: str) -> None:
    index = index_of(*NAMES, raw, "", " ", "::", "()", ", ")

    matches = found(index, raw[:1000], raw)

    assert (matches.labels < index.n_labels).all()
    assert all(len(index.where(Text("", raw), label)) >= 0 for label in matches.labels.tolist())


def test_places_are_characters_of_the_raw_fields() -> None:
    index = index_of("machine learning", "IT", "机器学习", "snake_case", "云")
    text = Text("Ｍachine <b>learning</b> in IT", "it’s 深度机器学习, snake cases &amp; 云 上")

    places = {label: [(span.field, span.text) for span in index.where(text, label)] for label in range(5)}

    assert places == {
        0: [("title", "Ｍachine <b>learning")],
        1: [("title", "IT")],
        2: [("body", "机器学习")],
        3: [("body", "snake cases")],
        4: [("body", "云")],
    }


def test_overlapping_names_of_one_tag_show_the_longest() -> None:
    index = LexicalIndex.build([TagText("machine learning", ("learning", "learning machine"))])

    spans = index.where(Text("", "machine learning: what learning is"), 0)

    assert [span.text for span in spans] == ["machine learning", "learning"]
