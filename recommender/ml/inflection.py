"""The units by which names are compared: English words without their inflections, and Chinese characters."""

import re

from recommender.ml.text import CJK

_JOINT = re.compile(r"[._]")
_CHINESE_OR_JOINT = re.compile(rf"([{CJK}])|[._]")
_VOWELS = frozenset("aeiouy")
_SHORTEST = 4  # letters of a word that may carry an ending
_LONGEST = 40  # longer ones are no words
_UNCHANGED_WORDS = (
    "always anything bring business during evening everything gas has his lens mars means news nothing perhaps plus "
    "series something species string thing this thus united wedding whereas"
)
_UNCHANGED = frozenset(_UNCHANGED_WORDS.split())
_IRREGULAR = {
    "appendices": "appendix", "children": "child", "criteria": "criterion", "feet": "foot", "indices": "index",
    "matrices": "matrix", "mice": "mouse", "teeth": "tooth", "vertices": "vertex", "women": "woman",
}  # fmt: skip
_SIBILANTS = ("sses", "shes", "ches", "xes", "zzes", "uses")


def stem(word: str) -> str:
    """The lower-case word without plural, possessive, -ing and -ed; other scripts and short words unchanged.

    Plurals follow the S stemmer (Harman, JASIS 1991, "How effective is suffixing?") with the sibilants ("boxes")
    added; -ing, -ed and the final e follow steps 1b and 5 of Porter (Program 1980, "An algorithm for suffix
    stripping"). Derivations ("computer", "computation") stay apart, as their tags do.
    """
    if len(word) > _LONGEST or not word.isascii():
        return word
    word = word.removesuffix("'s")
    word = _IRREGULAR.get(word, word)
    if len(word) < _SHORTEST or word in _UNCHANGED:
        return word
    return _without_final_letter(_without_verb_ending(_without_plural(word)))


def _without_plural(word: str) -> str:
    """ "libraries" as "library", "boxes" as "box", "analyses" as "analysis", "users" as "user"."""
    if not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-1] if len(word) == _SHORTEST or word[-4] in "ae" else word[:-3] + "y"
    if word.endswith("yses"):
        return word[:-2] + "is"
    if len(word) > _SHORTEST and word.endswith(_SIBILANTS):
        return word[:-2]
    return word[:-1]


def _without_verb_ending(word: str) -> str:
    """ "trained" as "train", "coding" as "code", "planned" as "plan", "studied" as "study"; "string", "need" stay."""
    if word.endswith("ied") and len(word) > _SHORTEST:
        return word[:-3] + "y"
    for ending in ("ing", "ed"):
        kept = word.removesuffix(ending)
        if kept != word and len(kept) > 2 and not word.endswith("eed") and not _VOWELS.isdisjoint(kept):
            return _repaired(kept)
    return word


def _repaired(kept: str) -> str:
    doubled = len(kept) > 3 and kept[-1] == kept[-2] and kept[-1] not in "aeioulsz"
    return kept[:-1] if doubled else kept + "e" * _lost_an_e(kept)


def _lost_an_e(kept: str) -> bool:
    """One vowel between consonants ("cod", "hop"): otherwise the consonant would have been doubled."""
    if len(kept) < 3 or kept[-1] in "aeiouwxy" or kept[-2] not in _VOWELS:
        return False
    return _VOWELS.isdisjoint(kept[:-2])


def _without_final_letter(word: str) -> str:
    """ "image" as "imag" beside "imaging", "movie" as "movy" beside "movies", "install" as "instal"; "code" stays."""
    if len(word) <= _SHORTEST:
        return word
    if word.endswith("ie"):
        return word[:-2] + "y"
    if word.endswith("e") and not _lost_an_e(word[:-1]) and word[-2] not in "eo":
        return word[:-1]
    return word[:-1] if word.endswith("ll") and len(word) > 5 else word


def word_units(word: str) -> tuple[str, ...]:
    """What names are compared by: each Chinese character, and the stems of the parts of "snake_case" and "node.js"."""
    return tuple(stem(piece.replace("’", "'")) for piece in word_pieces(word))


def word_pieces(word: str) -> list[str]:
    """The characters that stand behind each unit of the word."""
    if word.isascii():
        return [piece for piece in _JOINT.split(word) if piece] if "_" in word or "." in word else [word]
    return [piece for piece in _CHINESE_OR_JOINT.split(word) if piece]
