"""What the vocabulary says of its tags in words, as the models read it."""

import re

from recommender import ml
from tagplatform.taxonomy.labels import normalise_label
from tagplatform.taxonomy.snapshot import TagEntry

_LETTERS, _DIGITS = re.compile(r"[^\W\d_]"), re.compile(r"\d")
_FEWEST_LETTERS = 3
_DIGITS_A_LETTER = 0.5
_ADDRESS = "://"


def tag_text(tag: TagEntry) -> ml.TagText:
    """All its names in all languages, definition and scope note, names of the broader tags, nearest first."""
    preferred = tag.preferred_labels()
    others = sorted(entry.text for entry in tag.labels if entry.text not in preferred)
    notation = [tag.notation] if is_wordlike(tag.notation) else []
    return ml.TagText(
        label=preferred[0],
        synonyms=tuple(dict.fromkeys([*preferred[1:], *others, *notation])),
        definition="\n".join(filter(None, (tag.definition, tag.scope_note))),
        parents=tuple(dict.fromkeys(label for broader in tag.broader() for label in broader.preferred_labels())),
    )


def is_wordlike(notation: str) -> bool:
    """Whether a text may name the tag by its notation: "works-with::text" and "utf-8", not "p12345" or an address."""
    n_letters, n_digits = len(_LETTERS.findall(notation)), len(_DIGITS.findall(notation))
    has_letters = n_letters >= _FEWEST_LETTERS or (n_letters > 0 and not notation.isascii())
    return _ADDRESS not in notation and has_letters and n_digits <= _DIGITS_A_LETTER * n_letters


def searchable(text: ml.Text) -> str:
    """Title and body in the form that names are compared in."""
    return normalise_label(f"{text.title} {text.body}")


def name_in(tag: TagEntry, searched: str) -> str | None:
    """The first of the tag's names that stands in a `searchable` text as whole words (Chinese names: anywhere)."""
    for label in tag.labels:
        name = label.normalised_text
        if name in searched and (not name.isascii() or re.search(rf"(?<!\w){re.escape(name)}(?!\w)", searched)):
            return label.text
    return None
