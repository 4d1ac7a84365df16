"""Every name stands once in a vocabulary: who keeps it when two tags want it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from django.utils.translation import gettext as _

from tagplatform.imports.rows import Fault, Row
from tagplatform.taxonomy.imports.present import PresentTags
from tagplatform.taxonomy.imports.tag_rows import Kind, LabelRow, TagRow
from tagplatform.taxonomy.labels import MAX_LABEL_LENGTH

KINDS_IN_ORDER = (Kind.PREFERRED, Kind.ALTERNATIVE, Kind.HIDDEN)


class Report(Protocol):
    def __call__(self, row: Row, fault: Fault, *, fatal: bool = False) -> None: ...


def plan_labels(
    tags: list[TagRow], present: PresentTags, parent_by_notation: Mapping[str, str], report: Report
) -> dict[str, list[LabelRow]]:
    """Names by notation. Preferred labels of the whole file choose first, so that no synonym takes one away.

    A preferred label that is taken is qualified with its parent's name or its own notation; any other is left out.
    """
    owner_by_text = dict(present.notation_by_label)
    names = {tag.notation: _preferred_text(tag, present.language) for tag in tags}
    planned: dict[str, list[LabelRow]] = {tag.notation: [] for tag in tags}
    for tag, label in _in_order(tags):
        parent = parent_by_notation.get(tag.notation, "")
        chosen = _free(label, tag.notation, names.get(parent, parent), owner_by_text)
        if chosen is not label:
            report(tag.row, _clash(label, chosen, owner_by_text[label.normalised_text]))
        if chosen is not None:
            owner_by_text[chosen.normalised_text] = tag.notation
            planned[tag.notation].append(chosen)
    return planned


def _preferred_text(tag: TagRow, language: str) -> str:
    preferred = (entry.text for entry in tag.labels if entry.kind == Kind.PREFERRED and entry.language == language)
    return next(preferred, tag.notation)


def _in_order(tags: list[TagRow]) -> Iterator[tuple[TagRow, LabelRow]]:
    for kind in KINDS_IN_ORDER:
        for tag in tags:
            for label in tag.labels:
                if label.kind == kind:
                    yield tag, label


def _free(label: LabelRow, notation: str, parent_name: str, owner_by_text: Mapping[str, str]) -> LabelRow | None:
    """The label, or the first qualified form of it that no other tag has; None where there is none."""
    forms: list[Callable[[], str]] = [lambda: label.text]
    if label.kind == Kind.PREFERRED:
        forms += [lambda: f"{label.text} ({parent_name})"] if parent_name else []
        forms += [lambda: f"{label.text} ({notation})", lambda: notation]
    for form in forms:
        candidate = label if form() == label.text else LabelRow(label.language, label.kind, form())
        if len(candidate.text) > MAX_LABEL_LENGTH:
            continue
        if owner_by_text.get(candidate.normalised_text, notation) == notation:
            return candidate
    return None


def _clash(label: LabelRow, chosen: LabelRow | None, owner: str) -> Fault:
    values = {"text": label.text, "owner": owner}
    if chosen is None:
        detail = _("The tag “%(owner)s” already has the name “%(text)s”; it was left out here.")
        return Fault("label_taken", detail % values)
    detail = _("The tag “%(owner)s” already has the name “%(text)s”; this tag is called “%(chosen)s”.")
    return Fault("label_qualified", detail % {**values, "chosen": chosen.text})
