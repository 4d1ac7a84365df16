"""Debian control files (Packages, Translation-*, the Debtags vocabulary), read stanza by stanza."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

SPECIAL_FACET = "special"
MISSING_TAG = "TODO"


@dataclass(frozen=True)
class Package:
    """A tagged binary package; `description_digest` leads to its long description in any language."""

    name: str
    source: str
    summary: str
    description_digest: str
    tags: tuple[str, ...]


def stanzas(lines: Iterable[str], wanted: Collection[str]) -> Iterator[dict[str, str]]:
    """Stanza by stanza, the wanted fields; continuation lines keep all but their first space."""
    stanza: dict[str, str] = {}
    field = ""
    for line in lines:
        if line[:1] in (" ", "\t"):
            if field:
                stanza[field] += "\n" + line[1:].rstrip()
        elif line.strip():
            name, _, value = line.partition(":")
            field = name if name in wanted else ""
            if field:
                stanza[field] = value.strip()
        else:
            if stanza:
                yield stanza
            stanza, field = {}, ""
    if stanza:
        yield stanza


def tagged_packages(lines: Iterable[str]) -> Iterator[Package]:
    """The packages of a Packages file that people have tagged with something."""
    fields = ("Package", "Source", "Description", "Description-md5", "Tag")
    for stanza in stanzas(lines, fields):
        tags = tuple(tag for tag in _tags(stanza.get("Tag", "")) if _says_something(tag))
        name = stanza.get("Package", "")
        if tags and name:
            source = stanza.get("Source", "").partition(" ")[0] or name
            summary = stanza.get("Description", "").partition("\n")[0]
            yield Package(name, source, summary, stanza.get("Description-md5", ""), tags)


def _tags(value: str) -> list[str]:
    return list(dict.fromkeys(tag.strip() for tag in value.replace("\n", " ").split(",") if tag.strip()))


def _says_something(tag: str) -> bool:
    """Not special::not-yet-tagged and the like, nor the placeholders facet::TODO for tags that nobody has made."""
    facet, _, name = tag.partition("::")
    return facet != SPECIAL_FACET and name != MISSING_TAG


def descriptions(lines: Iterable[str], language: str, wanted: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """Digest, title and body of those descriptions of a Translation file whose digests are wanted."""
    field = f"Description-{language}"
    for stanza in stanzas(lines, ("Description-md5", field)):
        digest = stanza.get("Description-md5", "")
        if digest in wanted and field in stanza:
            yield digest, *title_and_body(stanza[field])


def title_and_body(description: str) -> tuple[str, str]:
    """First line and the rest; a line of one dot stands for a blank line."""
    title, _, body = description.partition("\n")
    return title.strip(), "\n".join("" if line.strip() == "." else line for line in body.split("\n")).strip()


def vocabulary_rows(lines: Iterable[str], used_tags: Iterable[str]) -> list[dict[str, object]]:
    """Rows for the import of tags: facets that only group, then tags, used ones that lack a description too."""
    rows: dict[str, dict[str, object]] = {}
    for stanza in stanzas(lines, ("Facet", "Tag", "Description")):
        name = stanza.get("Facet") or stanza.get("Tag") or ""
        label, definition = title_and_body(stanza.get("Description", ""))
        if name and _says_something(name):
            rows[name] = {"name": name, "label": label or _spoken(name), "definition": definition}
    for name in sorted(used_tags):
        facet = name.partition("::")[0]
        rows.setdefault(facet, {"name": facet, "label": _spoken(facet)})
        rows.setdefault(name, {"name": name, "label": _spoken(name)})
    for name, row in rows.items():
        row["parents"] = _parents(name, rows)
        row["recommendable"] = "::" in name
    return sorted(rows.values(), key=lambda row: ("::" in str(row["name"]), str(row["name"])))


def _spoken(name: str) -> str:
    return name.rpartition("::")[2].replace(":", ": ").replace("-", " ").capitalize()


def _parents(name: str, known: Mapping[str, object]) -> list[str]:
    """`game::board:chess` stands under `game::board` where that is a tag, else under the facet `game`."""
    if "::" not in name:
        return []
    facet, _, rest = name.partition("::")
    broader = f"{facet}::{rest.rpartition(':')[0]}"
    return [broader if broader in known else facet]
