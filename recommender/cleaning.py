"""What is set aside of the decisions before a model learns from them: pure rules, each with its count.

A rule looks at evidence, oldest first, and names what it drops. Decisions that cannot be trusted leave their cell
doubtful (neither yes nor no), unless others have said something of it too; repetitions and decisions that a later one
has overruled just go.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from feedback.evidence import Evidence
from feedback.models import Decision, Recommendation
from feedback.states import standing_of

Kind = Decision.Kind
Cell = tuple[uuid.UUID, uuid.UUID]
Dropped = Iterable[Evidence]

TAKEN_BACK, BLIND, REPEATED, TOO_FAST = "taken_back", "blind", "repeated", "too_fast"
ALL_REJECTED, ONE_TAG_REFUSED, OVERWHELMING, OVERRULED = "all_rejected", "one_tag_refused", "overwhelming", "overruled"
RULES = (TAKEN_BACK, BLIND, REPEATED, TOO_FAST, ALL_REJECTED, ONE_TAG_REFUSED, OVERWHELMING, OVERRULED)
# Counted where documents and tags are read
SPOT_CHECKED, REPEATED_TEXTS, RETIRED_TAGS = "spot_checked", "repeated_texts", "retired_tags"
DISTRUSTED = frozenset({TOO_FAST, ALL_REJECTED, ONE_TAG_REFUSED, OVERWHELMING})

ALL_REJECTED_SHARE = 0.9  # of an actor's documents
FEWEST_REJECTED = 3  # tags of a document, to say that an actor rejected everything
FEWEST_ACTORS = 3  # with fewer nobody can overwhelm the others


@dataclass(frozen=True)
class CleaningLimits:
    """What one actor may do before it is not believed.

    `documents_a_second` that one person can decide on; `rejected_documents` on which an actor may reject everything;
    `refusals_of_a_tag` by an actor who never chose it; `decisions_on_a_tag` by one actor, or `share_of_a_tag` of all
    decisions on it if that is more. A program without a person counts as an actor only where `programs_are_actors`.
    """

    documents_a_second: int = 3
    rejected_documents: int = 20
    refusals_of_a_tag: int = 50
    decisions_on_a_tag: int = 50
    share_of_a_tag: float = 0.5
    programs_are_actors: bool = False

    def actor_of(self, each: Evidence) -> Hashable | None:
        """Whose decision it is; None where nobody stands behind it."""
        if each.actor_id is not None:
            return each.actor_id
        return each.source_id if self.programs_are_actors else None


@dataclass(frozen=True)
class Cleaned:
    """What is left, how many decisions each rule took, and the cells that nobody trustworthy has spoken of."""

    kept: list[Evidence]
    dropped: Mapping[str, int]
    doubtful: frozenset[Cell]
    blind_documents: frozenset[uuid.UUID]


def clean(evidence: Sequence[Evidence], limits: CleaningLimits) -> Cleaned:
    """All rules, one after the other; `evidence` is oldest first and stays so."""
    standing = standing_of(evidence)
    dropped = Counter({TAKEN_BACK: len(evidence) - len(standing)})
    blind = blind_documents(standing)
    kept, distrusted = standing, set[Cell]()
    for name, rule in _rules(blind, limits):
        gone = {each.id for each in rule(kept)}
        dropped[name] = len(gone)
        if name in DISTRUSTED:
            distrusted.update(each.cell for each in kept if each.id in gone)
        kept = [each for each in kept if each.id not in gone]
    doubtful = distrusted.difference(each.cell for each in kept if each.is_explicit)
    return Cleaned(kept, dict(dropped), frozenset(doubtful), blind)


def _rules(
    blind: frozenset[uuid.UUID], limits: CleaningLimits
) -> list[tuple[str, Callable[[Sequence[Evidence]], Dropped]]]:
    return [
        (BLIND, lambda evidence: [each for each in evidence if each.document_id in blind]),
        (REPEATED, repeated),
        (TOO_FAST, lambda evidence: too_fast(evidence, limits)),
        (ALL_REJECTED, lambda evidence: all_rejected(evidence, limits)),
        (ONE_TAG_REFUSED, lambda evidence: one_tag_refused(evidence, limits)),
        (OVERWHELMING, lambda evidence: overwhelming(evidence, limits)),
        (OVERRULED, overruled),
    ]


def blind_documents(evidence: Iterable[Evidence]) -> frozenset[uuid.UUID]:
    """Documents that were tagged before anybody saw a suggestion: kept for evaluation, never learnt from."""
    return frozenset(each.document_id for each in evidence if each.policy == Recommendation.Policy.BLIND)


def repeated(evidence: Sequence[Evidence]) -> Dropped:
    """The same actor says the same of the same tag on the same document again, and nothing else was said between."""
    said: dict[Cell, tuple[str, set[Hashable]]] = {}
    for each in evidence:
        who = (each.actor_id, each.source_id)
        kind, actors = said.get(each.cell, ("", set[Hashable]()))
        if kind != each.kind:
            said[each.cell] = (each.kind, {who})
        elif who in actors:
            yield each
        else:
            actors.add(who)


def too_fast(evidence: Sequence[Evidence], limits: CleaningLimits) -> Dropped:
    """A person decides on more documents within a second than can be read.

    Documents are counted, not decisions: handing one in decides on all its suggestions at once. Programs may be fast.
    """
    for mine in _by(evidence, lambda each: each.actor_id).values():
        start = free = 0  # the window of a second, and the first decision that is not dropped yet
        inside: Counter[uuid.UUID] = Counter()
        for end, each in enumerate(mine):
            inside[each.document_id] += 1
            while each.moment - mine[start].moment > 1.0:
                _take_out(inside, mine[start].document_id)
                start += 1
            if len(inside) > limits.documents_a_second:
                yield from mine[max(start, free) : end + 1]
                free = end + 1


def _take_out(inside: Counter[uuid.UUID], document_id: uuid.UUID) -> None:
    inside[document_id] -= 1
    if not inside[document_id]:
        del inside[document_id]


def all_rejected(evidence: Sequence[Evidence], limits: CleaningLimits) -> Dropped:
    """An actor rejects everything, document after document: that tells nothing of the tags."""
    explicit = [each for each in evidence if each.is_explicit]
    for mine in _by(explicit, limits.actor_of).values():
        by_document = _by(mine, lambda each: each.document_id)
        refused = [some for some in by_document.values() if _nothing_but_rejections(some)]
        many = len(refused) > limits.rejected_documents
        if many and len(refused) >= ALL_REJECTED_SHARE * len(by_document):
            yield from (each for some in refused for each in some)


def _nothing_but_rejections(decisions: Sequence[Evidence]) -> bool:
    return len(decisions) >= FEWEST_REJECTED and all(each.kind == Kind.REJECTED for each in decisions)


def one_tag_refused(evidence: Sequence[Evidence], limits: CleaningLimits) -> Dropped:
    """An actor refuses one tag everywhere and never chooses it: what lies over the limit goes, the newest of it."""
    explicit = [each for each in evidence if each.is_explicit]
    for mine in _by(explicit, lambda each: _actor_and_tag(each, limits)).values():
        if not any(each.is_positive for each in mine):
            yield from mine[limits.refusals_of_a_tag :]


def overwhelming(evidence: Sequence[Evidence], limits: CleaningLimits) -> Dropped:
    """One actor decides most of what is said of a tag, though there are others: the newest over the limit goes."""
    explicit = [each for each in evidence if each.is_explicit]
    if len(_by(explicit, limits.actor_of)) < FEWEST_ACTORS:
        return
    n_by_tag = Counter(each.tag_id for each in explicit)
    for mine in _by(explicit, lambda each: _actor_and_tag(each, limits)).values():
        n_others = n_by_tag[mine[0].tag_id] - len(mine)
        fair = int(n_others * limits.share_of_a_tag / (1.0 - limits.share_of_a_tag))
        yield from mine[max(limits.decisions_on_a_tag, fair) :]


def overruled(evidence: Sequence[Evidence]) -> Dropped:
    """Somebody said the contrary later: the latest wins. A tag chosen and removed later contradicts nothing."""
    explicit = [each for each in evidence if each.is_explicit]
    for history in _by(explicit, lambda each: each.cell).values():
        last = history[-1]
        if last.kind != Kind.REMOVED:
            yield from (each for each in history if each.is_positive != last.is_positive)


def _actor_and_tag(each: Evidence, limits: CleaningLimits) -> tuple[Hashable, uuid.UUID] | None:
    actor = limits.actor_of(each)
    return None if actor is None else (actor, each.tag_id)


def _by(evidence: Iterable[Evidence], key: Callable[[Evidence], Hashable | None]) -> dict[Hashable, list[Evidence]]:
    """Evidence by a key, in its order; where the key is None it belongs to nobody."""
    groups: defaultdict[Hashable, list[Evidence]] = defaultdict(list)
    for each in evidence:
        name = key(each)
        if name is not None:
            groups[name].append(each)
    return dict(groups)
