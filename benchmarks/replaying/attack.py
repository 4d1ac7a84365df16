"""An attack on the loop: one person refuses a tag everywhere, another adds one everywhere; what moves, and how far."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.replaying.arms import Arm
from benchmarks.replaying.calendar import DatedDocument
from benchmarks.replaying.installation import SOURCE, VOCABULARY, Installation, Person, Training, installation
from benchmarks.replaying.measures import K, ndcg_at_k
from benchmarks.replaying.playing import BEGINNING, INSTALLATION, Replay, Tell, beginning, play_month, settle

REFUSES, ADDS = "refuses-everywhere", "adds-everywhere"
N_ATTACKED = 120  # documents; the rules on actors begin at 50
POSITIVE = ("accepted", "added", "kept")
PLAIN_WEIGHT = 1.0  # of a tag that was assigned without a decision

Rows = dict[str, dict[str, float]]  # attack → metric → value


@dataclass(frozen=True)
class Probe:
    """What is answered to documents that nobody has stored; by tag the mean probability and the offset in logits."""

    probability: Mapping[str, float]
    offset: Mapping[str, float]
    ndcg_at_5: float


def play_attack(replay: Replay, arm: Arm, folder: Path, tell: Tell) -> Rows:
    """The first month is played honestly and learnt; then both attacks, looked at before and after a retraining.

    The probed documents are those of the second month. Raises ValueError where there are not two months.
    """
    if len(replay.plan.months) < 2:
        raise ValueError("the attack needs two months: the second one's documents are its probe")
    honest, probed = replay.plan.months[0], replay.plan.months[1].documents
    tags = dict(zip((REFUSES, ADDS), attacked_tags(replay.plan.history), strict=True))
    base = beginning(replay, folder.parent / BEGINNING, tell)
    with installation(folder / INSTALLATION, base=base / INSTALLATION) as site:
        settle(site, replay, arm, others=(REFUSES, ADDS))
        play_month(site, replay.editors, honest)
        site.train()
        before = _probe(site, probed, list(tags.values()))
        tell(f"attacking {tags}")
        _attack(site, replay.plan.history[-N_ATTACKED:], refused=tags[REFUSES], added=tags[ADDS])
        during = _probe(site, probed, list(tags.values()))
        training = site.train()
        after = _probe(site, probed, list(tags.values()))
        tell(f"retrained: {training.state}, {training.reason}")
        weights = {name: _weight_in_training(site, person=name, tag=tag) for name, tag in tags.items()}
    rows = {
        name: _row(tag, before, during, after) | {"weight_in_training": weights[name]} for name, tag in tags.items()
    }
    return rows | {"both": _together(before, during, after) | _set_aside(training)}


def attacked_tags(history: Sequence[DatedDocument]) -> tuple[str, str]:
    """The tag that most documents bear is refused, the tenth is added."""
    ranked = Counter(tag for document in history for tag in document.tags).most_common(10)
    return ranked[0][0], ranked[-1][0]


def _probe(site: Installation, documents: Sequence[DatedDocument], tags: Sequence[str]) -> Probe:
    """Asked without leaving a trace."""
    probability, offset, ndcg = Counter[str](), Counter[str](), 0.0
    for document in documents:
        text = {"title": document.title, "text": document.body, "vocabulary": VOCABULARY, "store": False}
        ranked = site.call("POST", "/recommendations", text)["suggestions"]
        ndcg += ndcg_at_k(document.tags, [each["tag"]["notation"] for each in ranked], K)
        asked = {"candidate_tags": [site.tag_ids[tag] for tag in tags], "explain": True}
        for each in site.call("POST", "/recommendations", text | asked)["suggestions"]:
            probability[each["tag"]["notation"]] += each["score"]
            offset[each["tag"]["notation"]] += (each["adjusted"] or {"offset": 0.0})["offset"]
    n = len(documents)
    return Probe({tag: probability[tag] / n for tag in tags}, {tag: offset[tag] / n for tag in tags}, ndcg / n)


def _attack(site: Installation, documents: Sequence[DatedDocument], *, refused: str, added: str) -> None:
    """On the newest documents of the history; whatever else they bear stays."""
    refuser, adder = site.people[-2:]
    for document in documents:
        kept = [tag for tag in document.tags if tag != refused]
        _hand_in(site, refuser, document, final=kept, rejected=[refused])
        _hand_in(site, adder, document, final=list(dict.fromkeys([*kept, added])), rejected=[])


def _hand_in(
    site: Installation, person: Person, document: DatedDocument, *, final: Sequence[str], rejected: Sequence[str]
) -> None:
    asked = {"vocabulary": VOCABULARY, "source": SOURCE, "external_id": document.document_id}
    answer = person.call("POST", "/recommendations", asked)
    tags = {"final_tags": [site.tag_ids[tag] for tag in final], "rejected": [site.tag_ids[tag] for tag in rejected]}
    person.call("PUT", f"/recommendations/{answer['id']}/outcome", {"status": "submitted", **tags})


def _weight_in_training(site: Installation, *, person: str, tag: str) -> float:
    """What the person's decisions on the tag weighed in the last run: negatives, and what lies over a plain tag."""
    import pyarrow.parquet as pq

    pools = sorted(site.platform.folder.rglob("pool.parquet"), key=lambda path: path.stat().st_mtime)
    actor = site.platform.sql("SELECT id FROM access_user WHERE username = %s", person)
    tag_id = site.platform.sql("SELECT id FROM taxonomy_tag WHERE notation = %s", tag)
    rows = pq.read_table(pools[-1], columns=["actor", "tag", "state", "weight"]).to_pylist()
    mine = [row for row in rows if row["actor"] == actor and row["tag"] == tag_id.bytes]
    return float(sum(row["weight"] - (PLAIN_WEIGHT if row["state"] in POSITIVE else 0.0) for row in mine))


def _row(tag: str, before: Probe, during: Probe, after: Probe) -> dict[str, float]:
    return {
        "offset_logits": during.offset[tag],
        "mean_probability_before": before.probability[tag],
        "mean_probability_during": during.probability[tag],
        "mean_probability_after_retraining": after.probability[tag],
    }


def _together(before: Probe, during: Probe, after: Probe) -> dict[str, float]:
    return {
        "ndcg_at_5_before": before.ndcg_at_5,
        "ndcg_at_5_during": during.ndcg_at_5,
        "ndcg_at_5_after_retraining": after.ndcg_at_5,
    }


def _set_aside(training: Training) -> dict[str, float]:
    """Decisions that each cleaning rule took out of the last run, and whether its version went live."""
    dropped = training.report.get("evidence", {}).get("dropped", {})
    return {f"dropped_{rule}": float(n) for rule, n in dropped.items() if n} | {"promoted": float(training.promoted)}
