"""From raw title and body to tokens: Unicode, HTML, technical terms, English, Chinese, long texts."""

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from recommender.ml.examples import Text

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
Item = TypeVar("Item")
_WORD = rf"[^\W_{CJK}]"
_TERM = (
    rf"(?<!{_WORD})\.net(?!{_WORD})"  # .net
    rf"|{_WORD}(?:\+\+|\#)(?!{_WORD})"  # c++, c#
    rf"|{_WORD}+(?:[.'’_]{_WORD}+)*(?:\+\+(?!{_WORD}))?"  # node.js, don't, snake_case, notepad++, plain words
)
_TOKEN = re.compile(rf"[{CJK}]+|{_TERM}")
_HAS_CJK = re.compile(rf"[{CJK}]")
_HAS_HTML = re.compile(
    r"</?(?:a|b|blockquote|body|br|code|div|em|figure|h[1-6]|hr|html|i|img|li|ol|p|pre|script|section|span"
    r"|strong|style|sub|sup|table|tbody|td|th|tr|u|ul)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_HAS_ENTITY = re.compile(r"&(?:#\d+|#x[0-9a-f]+|[a-z]{2,8});", re.IGNORECASE)
_BLOCK_END = re.compile(r"<(?:/(?:p|div|li|h[1-6]|td|th|tr)|br\s*/?)>", re.IGNORECASE)

_CHARACTERS_PER_TOKEN = 16  # a generous bound, so that a text of megabytes is cut before it is cleaned


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of the two fields in reading order, and whether some were left out for length."""

    title: tuple[str, ...]
    body: tuple[str, ...]
    truncated: bool = False


def tokenise(text: Text, *, max_tokens: int) -> Tokens:
    """Lower-case tokens of both fields; of a long field head and tail stay (three to one).

    The title may take up a quarter of `max_tokens`, the body what the title leaves.
    """
    title, title_cut = _field_tokens(text.title, max(max_tokens // 4, 1))
    body, body_cut = _field_tokens(text.body, max(max_tokens - len(title), 1))
    return Tokens(title, body, title_cut or body_cut)


def head_and_tail(items: tuple[Item, ...], limit: int) -> tuple[Item, ...]:
    """All items when they fit, otherwise the first three quarters and the last quarter of the limit."""
    if len(items) <= limit:
        return items
    tail = limit // 4
    return items[: limit - tail] + items[len(items) - tail :]


def cleaned(raw: str) -> str:
    """NFKC and lower case, without mark-up; a stray "<" as in "vector<int>" is text and stays."""
    if "<" in raw and _HAS_HTML.search(raw):
        raw = _without_markup(raw)
    elif "&" in raw and _HAS_ENTITY.search(raw):
        raw = html.unescape(raw)
    if not raw.isascii():
        raw = unicodedata.normalize("NFKC", raw)
    return raw.lower()


def words_of(normalised: str) -> Iterator[str]:
    """Tokens of a cleaned text in reading order."""
    if normalised.isascii() or not _HAS_CJK.search(normalised):
        yield from _TOKEN.findall(normalised)
        return
    import rjieba

    for run in _TOKEN.findall(normalised):
        if _HAS_CJK.match(run):
            yield from rjieba.cut(run)
        else:
            yield run


def _field_tokens(raw: str, limit: int) -> tuple[tuple[str, ...], bool]:
    n_characters = limit * _CHARACTERS_PER_TOKEN
    cut = len(raw) > n_characters
    if cut:
        raw = f"{raw[: n_characters * 3 // 4]}\n{raw[-(n_characters // 4) :]}"
    tokens = tuple(words_of(cleaned(raw)))
    return head_and_tail(tokens, limit), cut or len(tokens) > limit


def _without_markup(raw: str) -> str:
    import nh3

    spaced = _BLOCK_END.sub(r"\g<0> ", raw)
    return html.unescape(nh3.clean(spaced, tags=set(), clean_content_tags={"script", "style"}))
