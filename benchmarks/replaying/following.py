"""Real changes of a vocabulary through the platform, with and without retraining: how soon its answers follow."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.replaying.arms import Policies
from benchmarks.replaying.calendar import DatedDocument
from benchmarks.replaying.changes import History, Period
from benchmarks.replaying.installation import SOURCE, VOCABULARY, Installation, installation
from benchmarks.replaying.measures import K, ndcg_at_k
from benchmarks.replaying.playing import FIRST, INSTALLATION, Tell, document_row
from benchmarks.replaying.results import Figures

N_EDITORS = 4


@dataclass(frozen=True)
class Case:
    """What both arms have in common."""

    history: History
    tag_rows: Sequence[Mapping[str, Any]]
    policies: Policies


def follow(case: Case, folder: Path, tell: Tell, *, retrain: bool) -> Figures:
    """Period → metric → value.

    `…_changed` is measured once the documents have been changed, `…_retired` once the topics that nobody bears any more
    are out of use, the rest at the end of the period, after the retraining if there is one.
    """
    history = case.history
    present = {each.document_id: each.tags for each in (*history.stored, *history.probes)}
    figures: Figures = {}
    with installation(folder / INSTALLATION) as site:
        site.load(case.tag_rows, (document_row(each) for each in history.stored))
        site.settle(case.policies, {f"editor-{number}": "editor" for number in range(N_EDITORS)})
        first = site.train()
        if not first.promoted:
            raise RuntimeError(f"the first model did not go live: {first.reason}")
        figures[FIRST] = _probe(site, history.probes, present, ())
        gone: set[str] = set()
        for period in history.periods:
            _change_documents(site, history.stored, period)
            present |= period.tags_after
            gone |= set(period.retired)
            found = _named("changed", _probe(site, history.probes, present, gone))
            site.retire(period.retired)
            found |= _named("retired", _probe(site, history.probes, present, gone))
            if retrain:
                training = site.train(kind="full")
                found |= {"promoted": float(training.promoted), "retraining_cpu_seconds": training.cpu_seconds}
                tell(f"{training.state}, {training.reason}")
            found |= _probe(site, history.probes, present, gone)
            figures[period.name] = found | {
                "documents_changed": float(len(period.tags_after)),
                "topics_retired": float(len(period.retired)),
            }
            tell(f"{period.name}: {found}")
    return figures


def _change_documents(site: Installation, stored: Sequence[DatedDocument], period: Period) -> None:
    """Each change is a person's decision on the document; topics that are new come first."""
    changed = {
        each.document_id: period.tags_after[each.document_id]
        for each in stored
        if each.document_id in period.tags_after
    }
    new = {tag for tags in changed.values() for tag in tags} - set(site.tag_ids)
    site.add_tags(sorted(new))
    for number, (document_id, tags) in enumerate(changed.items()):
        body = {"vocabulary": VOCABULARY, "source": SOURCE, "final_tags": [site.tag_ids[tag] for tag in tags]}
        site.people[number % len(site.people)].call("PUT", f"/documents/{document_id}/tags", body)


def _probe(
    site: Installation, probes: Sequence[DatedDocument], present: Mapping[str, Sequence[str]], gone: Collection[str]
) -> dict[str, float]:
    """nDCG@5 against the tags that the documents have now, and the share of suggestions that went out of use."""
    ndcg, shown = [], []
    for each in probes:
        body = {"vocabulary": VOCABULARY, "title": each.title, "text": each.body, "store": False}
        answer = site.call("POST", "/recommendations", body)
        ranked = [suggestion["tag"]["notation"] for suggestion in answer["suggestions"]]
        shown += ranked
        if present[each.document_id]:
            ndcg.append(ndcg_at_k(present[each.document_id], ranked, K))
    retired = sum(tag in gone for tag in shown)
    return {"ndcg_at_5": sum(ndcg) / len(ndcg), "share_of_retired": retired / len(shown) if shown else 0.0}


def _named(moment: str, figures: Mapping[str, float]) -> dict[str, float]:
    return {f"{name}_{moment}": value for name, value in figures.items()}
