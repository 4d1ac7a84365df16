"""The normalised form of a label, by which labels are compared, found and kept unique."""

import unicodedata

MAX_LABEL_LENGTH = 300


def normalise_label(text: str) -> str:
    """NFKC, casefolded, runs of white space collapsed to one space: “ＫＶ  Cache” and “kv cache” are one."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())


def pinyin_initials(text: str) -> str:
    """First letters of the pinyin of Chinese characters (“人工智能” → “rgzn”); empty without any."""
    if not any("\u4e00" <= character <= "\u9fff" for character in text):
        return ""
    from pypinyin import Style, lazy_pinyin  # 20 MB of dictionaries, only for Chinese

    return "".join(lazy_pinyin(text, style=Style.FIRST_LETTER)).replace(" ", "").lower()
