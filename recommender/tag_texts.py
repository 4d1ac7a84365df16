"""What the vocabulary says of its tags in words, as the models read it."""

import re
import uuid
from collections.abc import Sequence

from recommender import ml
from tagplatform.taxonomy.snapshot import TagEntry, VocabularySnapshot

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


def exclusive_groups(tag_ids: Sequence[str], snapshot: VocabularySnapshot) -> tuple[tuple[int, ...], ...]:
    """Labels that exclude each other because they stand below a facet that says so."""
    labels_by_facet: dict[uuid.UUID, list[int]] = {}
    for label, tag_id in enumerate(tag_ids):
        tag = snapshot.tags.get(uuid.UUID(tag_id))
        if tag is not None and tag.exclusive_facet is not None:
            labels_by_facet.setdefault(tag.exclusive_facet, []).append(label)
    return tuple(tuple(labels) for labels in labels_by_facet.values() if len(labels) > 1)


def is_wordlike(notation: str) -> bool:
    """Whether a text may name the tag by its notation: "works-with::text" and "utf-8", not "p12345" or an address."""
    n_letters, n_digits = len(_LETTERS.findall(notation)), len(_DIGITS.findall(notation))
    has_letters = n_letters >= _FEWEST_LETTERS or (n_letters > 0 and not notation.isascii())
    return _ADDRESS not in notation and has_letters and n_digits <= _DIGITS_A_LETTER * n_letters


def names_in(text: ml.Text, tags: Sequence[TagEntry]) -> list[str | None]:
    """For each tag the words of the text that name it first, inflected or not; None where none do."""
    names = ml.LexicalIndex.build([tag_text(tag) for tag in tags])
    places = (names.where(text, place) for place in range(len(tags)))
    return [found[0].text if found else None for found in places]
