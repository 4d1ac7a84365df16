"""Words of tags, and their names found in texts."""

import pytest

from recommender.ml.tag_texts import TagText, as_tokens, name_words


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
