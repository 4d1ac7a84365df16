"""Debian's control files, read from small texts."""

from tagplatform.content.debtags.control import (
    descriptions,
    stanzas,
    tagged_packages,
    title_and_body,
    vocabulary_rows,
)

PACKAGES = """\
Package: 3dchess
Version: 0.8.1-21
Description: Play chess across 3 boards!
Description-md5: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
Tag: game::board, game::board:chess, interface::x11,
 special::completely-tagged, works-with::TODO, game::board
Section: games

Package: libfoo1
Source: foo (1.2-3)
Description: shared library
Description-md5: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
Tag: role::shared-lib

Package: untagged
Description: nobody looked at it

Package: only-special
Tag: special::not-yet-tagged

"""

TRANSLATION = """\
Package: 3dchess
Description-md5: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
Description-zh_CN: 在 3 个棋盘上玩国际象棋！
 3 个棋盘空间平行排布；
  * 缩进保留
 .
 第二段。

Package: other
Description-md5: ffffffffffffffffffffffffffffffff
Description-zh_CN: 别的

"""

VOCABULARY = """\
Facet: game
Status: draft
Description: Games and Amusement
 Things to play.

Tag: game::board
Description: Board
 Played on a board.
 .
 Second paragraph.

Tag: game::board:chess
Description: Chess

Tag: game::TODO
Description: Need an extra tag

Facet: special
Description: Service tags

Tag: special::not-yet-tagged
Description: Not yet tagged
"""


def test_stanzas_keep_wanted_fields_and_their_continuation_lines() -> None:
    lines = "A: 1\n two\nB: x\n y\n\n\nA: 3".splitlines(keepends=True)

    read = list(stanzas(lines, {"A"}))

    assert read == [{"A": "1\ntwo"}, {"A": "3"}]


def test_packages_without_a_tag_that_says_something_are_left_out() -> None:
    packages = list(tagged_packages(PACKAGES.splitlines(keepends=True)))

    assert [(package.name, package.source, package.tags) for package in packages] == [
        ("3dchess", "3dchess", ("game::board", "game::board:chess", "interface::x11")),
        ("libfoo1", "foo", ("role::shared-lib",)),
    ]
    assert packages[0].summary == "Play chess across 3 boards!"


def test_descriptions_come_by_digest_with_blank_lines_for_dots() -> None:
    found = list(descriptions(TRANSLATION.splitlines(keepends=True), "zh_CN", {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}))

    assert found == [
        (
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "在 3 个棋盘上玩国际象棋！",
            "3 个棋盘空间平行排布；\n * 缩进保留\n\n第二段。",
        )
    ]


def test_a_description_of_one_line_has_no_body() -> None:
    assert title_and_body("short") == ("short", "")


def test_facets_group_and_used_tags_without_a_description_are_there_too() -> None:
    rows = {row["name"]: row for row in vocabulary_rows(VOCABULARY.splitlines(), ["privacy::no-known-issues"])}

    assert list(rows) == ["game", "privacy", "game::board", "game::board:chess", "privacy::no-known-issues"]
    assert (rows["game"]["recommendable"], rows["game::board"]["recommendable"]) == (False, True)
    assert rows["game::board:chess"]["parents"] == ["game::board"]
    assert rows["game::board"]["parents"] == ["game"]
    assert rows["game::board"]["definition"] == "Played on a board.\n\nSecond paragraph."
    assert rows["privacy::no-known-issues"]["label"] == "No known issues"
