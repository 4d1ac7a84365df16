"""What editors truly changed: the topics of each document over time, and the topics that went out of use."""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.compare.documents import read_rows
from benchmarks.replaying.calendar import DatedDocument, dated_documents

TagsById = dict[str, tuple[str, ...]]
_DATE = re.compile(r"^\d{4}-\d\d-\d\d-")


@dataclass(frozen=True)
class Period:
    """Some months on end: the tags that each changed document has at their end, and what went out of use in them."""

    name: str
    tags_after: TagsById
    retired: tuple[str, ...]


@dataclass(frozen=True)
class History:
    """A site before its vocabulary changes, and then period by period.

    `stored` are documents that the platform holds, `probes` some that it never sees. `periods` speak of both.
    """

    stored: tuple[DatedDocument, ...]
    probes: tuple[DatedDocument, ...]
    periods: tuple[Period, ...]


@dataclass(frozen=True)
class Sampling:
    """How many documents are stored and probed, and how many a period changes at least."""

    n_stored: int = 500
    n_probes: int = 150
    fewest_changes: int = 40
    seed: int = 1


def history_of(before: Path, after: Path, sampling: Sampling) -> History:
    """From a set with events.jsonl.gz and the same site after its last change.

    A seeded sample of the documents whose changes lead to the tags that they have in the end. Changes up to the set's
    newest document are in its tags already. Raises ValueError where there are too few documents.
    """
    documents = dated_documents(before)
    in_the_end = {each.document_id: set(each.tags) for each in dated_documents(after)}
    states = _states(read_rows(before / "events.jsonl.gz"), documents)
    last = {each.document_id: each.tags for each in documents}
    for some in states.values():
        last |= some
    told = [each for each in documents if in_the_end.get(each.document_id) == set(last[each.document_id])]
    wanted = sampling.n_stored + sampling.n_probes
    if len(told) < wanted:
        raise ValueError(f"the changes of {len(told)} documents lead to their tags in {after}, {wanted} are wanted")
    chosen = random.Random(sampling.seed).sample(told, wanted)
    tags = {each.document_id: each.tags for each in chosen}
    own = {month: {key: some[key] for key in some if key in tags} for month, some in states.items()}
    periods = _periods(own, tags, sampling.fewest_changes)
    return History(tuple(chosen[: sampling.n_stored]), tuple(chosen[sampling.n_stored :]), tuple(periods))


def _states(rows: Iterable[Mapping[str, Any]], documents: Sequence[DatedDocument]) -> dict[str, TagsById]:
    """Month → document → its tags at the end of the month, where they changed in it.

    Commits of branches that were worked on side by side are not in line: what they add and remove counts, not what they
    say was there. Documents with equal file names are left alone.
    """
    names = Counter(_name(each.document_id) for each in documents)
    by_name = {_name(each.document_id): each for each in documents}
    since = max(each.published for each in documents).isoformat()
    present: dict[str, dict[str, None]] = {each.document_id: dict.fromkeys(each.tags) for each in documents}
    states: defaultdict[str, TagsById] = defaultdict(dict)
    for row in sorted(rows, key=lambda row: datetime.fromisoformat(row["date"])):
        if names[row["doc"]] == 1 and row["date"][:10] > since:
            key = by_name[row["doc"]].document_id
            kept = [tag for tag in present[key] if tag not in row["removed"]]
            present[key] = dict.fromkeys([*kept, *row["added"]])
            states[row["date"][:7]][key] = tuple(present[key])
    return dict(sorted(states.items()))


def _periods(states: Mapping[str, TagsById], tags: Mapping[str, tuple[str, ...]], fewest_changes: int) -> list[Period]:
    """Months, joined to the next while they change fewer documents; a topic is retired once no document bears it."""
    periods: list[Period] = []
    present, changed, first = dict(tags), TagsById(), ""
    for number, (month, some) in enumerate(states.items(), start=1):
        first, changed = first or month, changed | some
        if len(changed) >= fewest_changes or number == len(states):
            borne = _borne(present)
            present |= changed
            retired = tuple(sorted(borne - _borne(present)))
            periods.append(Period(first if first == month else f"{first} … {month}", changed, retired))
            changed, first = TagsById(), ""
    return periods


def _borne(tags: Mapping[str, Iterable[str]]) -> set[str]:
    return {tag for some in tags.values() for tag in some}


def _name(document_id: str) -> str:
    """As the events name a document: its file without folder and date."""
    return _DATE.sub("", document_id.rsplit("/", 1)[-1])
