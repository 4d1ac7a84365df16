"""The gate's criteria in words and as rows of a table, from the JSON that a run's report keeps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.snapshot import vocabulary_snapshot

Stored = Mapping[str, Any]
TagNamer = Callable[[str], str]
NAME_BY_CRITERION: dict[str, Promise | str] = {
    "ndcg_at_5": "nDCG@5",
    "blind_ndcg_at_5": gettext_lazy("nDCG@5 on blind and spot-checked documents"),
    "micro_f1": gettext_lazy("micro F1 at the best cut"),
    "macro_f1_tail": gettext_lazy("macro F1 of rare tags at the best cut"),
    "calibration_error": gettext_lazy("calibration error of the suggestions"),
    "tag_recall": gettext_lazy("recall of the most used tags"),
    "latency_ms": gettext_lazy("time for a text, 95th percentile"),
    "size_mb": gettext_lazy("size of the bundle"),
    "labels_kept": gettext_lazy("label index only grows"),
}
_UNITS = {"latency_ms": "ms", "size_mb": "MB"}
_UNMEASURED: dict[str, Promise | str] = {
    "macro_f1_tail": gettext_lazy("No rare tag has a held-out document."),
    "tag_recall": gettext_lazy("No tag has enough held-out documents."),
}


@dataclass(frozen=True)
class GateRow:
    """One criterion as people read it."""

    name: str
    passed: bool
    decides: bool  # False where it was measured on too few documents, or not at all
    value: str
    champion: str
    change: str
    limit: str
    words: str


def gate_rows(gate: Stored, label_of: TagNamer | None = None) -> list[GateRow]:
    """The criteria of a run's `gate`; `label_of` names a tag by its id."""
    return [_row(criterion, label_of) for criterion in gate.get("criteria") or []]


def caution(known: Mapping[str, int]) -> str:
    """On what the comparison stands where the champion's twin has learnt from held-out documents."""
    n_unseen, n_held_out = known["n_unseen"], known["n_held_out"]
    if n_unseen == n_held_out:
        return ""
    if n_unseen == known["n_compared"]:
        words = _("compared on the %(unseen)d held-out documents that the champion's twin does not know")
        return words % {"unseen": n_unseen}
    words = _("compared on all held-out documents, of which the champion's twin knows %(seen)d")
    return words % {"seen": n_held_out - n_unseen}


def note_in_words(gate: Stored) -> str:
    """The gate's note in the reader's language; that of an older report as it was written."""
    return caution(gate["known"]) if gate.get("known") else str(gate.get("note") or "")


def cuts_in_words(gate: Stored) -> str:
    """Where the F1 of the two versions was taken; empty where the report does not say."""
    cuts = gate.get("best_cuts")
    if not cuts:
        return ""
    return _(
        "F1 at the best cut is that of all tags with a probability of at least %(version)s for this version, "
        "%(champion)s for the champion: one cut through everything, where each version does best on these documents. "
        "F1 at the tags' own thresholds stands among the figures and decides nothing."
    ) % {side: f"{cuts[side]:.2f}" for side in ("version", "champion")}


def tag_namer(vocabulary: Vocabulary) -> TagNamer:
    """Names a tag of the vocabulary by its id in the reader's language; the id itself where the tag is gone."""
    tags, language = vocabulary_snapshot(vocabulary.pk).tags, get_language() or ""

    def named(tag_id: str) -> str:
        tag = tags.get(UUID(tag_id))
        return tag.label(language) if tag is not None else tag_id

    return named


def criterion_name(name: str) -> str:
    """What people call the criterion."""
    return str(NAME_BY_CRITERION.get(name, name))


def sentence(criterion: Stored, label_of: TagNamer | None = None) -> str:
    """The criterion in short, for a run's reason: `nDCG@5 −3.1 (−5.0 … −1.2), −0.5 allowed`."""
    name, limit = criterion_name(criterion["name"]), criterion["limit"]
    if criterion["name"] == "labels_kept":
        return _("%(n)d labels stand for other tags than before") % {"n": criterion["value"] or 0}
    if criterion["name"] in _UNITS:
        values = {"name": name, "value": _cost(criterion, "value"), "limit": _cost(criterion, "limit")}
        return _("%(name)s %(value)s, at most %(limit)s") % values
    points = _points(criterion)
    text = f"{name} {points}"
    if criterion["passed"]:
        return text
    allowed = f"{100 * limit if criterion['name'] == 'calibration_error' else -100 * limit:+.1f}"
    text = _("%(criterion)s, %(limit)s allowed") % {"criterion": text, "limit": allowed}
    tags = _tags(criterion, label_of)
    return f"{text} ({tags})" if tags else text


def _row(criterion: Stored, label_of: TagNamer | None) -> GateRow:
    measured = criterion["value"] is not None
    return GateRow(
        criterion_name(criterion["name"]),
        bool(criterion["passed"]),
        measured and _decides(criterion),
        _shown(criterion, "value"),
        _shown(criterion, "champion"),
        _change(criterion),
        _limit(criterion),
        _words(criterion, measured, label_of),
    )


def _words(criterion: Stored, measured: bool, label_of: TagNamer | None) -> str:
    name = criterion["name"]
    if not measured:
        return str(_UNMEASURED.get(name, _("It could not be measured.")))
    if name == "tag_recall":
        return _words_on_tags(criterion, label_of)
    if name == "labels_kept":
        kept = _("All %(n)d labels of the champion stand for the same tags.") % {"n": criterion["n"]}
        return kept if criterion["passed"] else _("Labels stand for other tags than before.")
    if name in _UNITS:
        return _("Within the budget.") if criterion["passed"] else _("Over the budget.")
    return _words_on_change(criterion)


def _decides(criterion: Stored) -> bool:
    """Reports from before there was such a thing have no word on it."""
    return bool(criterion.get("decides", True))


def _words_on_change(criterion: Stored) -> str:
    if not _decides(criterion):
        return _("Measured on too few documents to decide anything.")
    if not criterion["passed"]:
        return _("A greater loss than is allowed.")
    low, high = criterion["low"], criterion["high"]
    turned = criterion["name"] == "calibration_error"
    if (high < 0) if turned else (low > 0):
        return _("Better beyond chance.")
    worst = high if turned else -low
    if worst <= criterion["limit"]:
        return _("The limit holds at both ends of the interval.")
    return _("Not worse than is allowed; the interval reaches beyond the limit.")


def _words_on_tags(criterion: Stored, label_of: TagNamer | None) -> str:
    tags = _tags(criterion, label_of)
    if not tags:
        return _("None of %(n)d tags loses more than is allowed.") % {"n": criterion["n"]}
    if criterion["passed"]:
        return _("More than is allowed, which may be chance: %(tags)s") % {"tags": tags}
    return _("More than is allowed, beyond chance: %(tags)s") % {"tags": tags}


def _tags(criterion: Stored, label_of: TagNamer | None) -> str:
    """Those that block, or else those that might have been chance."""
    tags = [tag for tag in criterion.get("tags") or [] if tag["certain"] or criterion["passed"]]
    named = label_of or (lambda tag_id: tag_id)
    return ", ".join(
        f"{named(tag['tag_id'])} {tag['champion_recall']:.2f} → {tag['recall']:.2f} (n = {tag['n_documents']})"
        for tag in tags
    )


def _shown(criterion: Stored, key: str) -> str:
    value = criterion[key]
    if value is None:
        return "–"
    if criterion["name"] in _UNITS:
        return _cost(criterion, key)
    return f"{value:.0f}" if criterion["name"] == "labels_kept" else f"{value:.3f}"


def _cost(criterion: Stored, key: str) -> str:
    value = criterion[key]
    digits = 1 if value < 100 else 0
    return f"{value:.{digits}f} {_UNITS[criterion['name']]}"


def _change(criterion: Stored) -> str:
    if criterion["change"] is None:
        return "–"
    if criterion["name"] in _UNITS:
        return f"{criterion['change']:+.1f} {_UNITS[criterion['name']]}"
    if criterion["name"] == "tag_recall":
        return _("worst: %(change)s") % {"change": f"{criterion['change']:+.3f}"}
    if criterion["low"] is None:
        return f"{criterion['change']:+.3f}"
    return f"{criterion['change']:+.3f} ({criterion['low']:+.3f} … {criterion['high']:+.3f})"


def _limit(criterion: Stored) -> str:
    name = criterion["name"]
    if name in _UNITS:
        return f"≤ {criterion['limit']:g} {_UNITS[name]}"
    if name == "labels_kept":
        return "0"
    return f"≤ +{criterion['limit']:.3f}" if name == "calibration_error" else f"≥ −{criterion['limit']:.3f}"


def _points(criterion: Stored) -> str:
    """A change in points of 100."""
    if criterion["change"] is None:
        return "–"
    change = f"{100 * criterion['change']:+.1f}"
    if criterion["low"] is None:
        return change
    return f"{change} ({100 * criterion['low']:+.1f} … {100 * criterion['high']:+.1f})"
