"""What a model learns from: the documents' present tags, the decisions of the ledger, the names and texts of tags."""

import hashlib
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from feedback.evidence import Evidence
from feedback.models import Decision
from feedback.selectors import evidence_of
from recommender import ml
from recommender.cells import weighed_cells
from recommender.cleaning import REPEATED_TEXTS, RETIRED_TAGS, SPOT_CHECKED, clean
from recommender.documents import TrainingDocument, dated, each_text_once, training_documents
from recommender.evidence_policies import cleaning_limits, evidence_policy, weight_rules
from recommender.models import EvidencePolicy
from recommender.spot_checked import spot_checked_documents
from recommender.tag_resolution import resolved_evidence, resolved_tags, with_resolved_tags
from recommender.tag_texts import exclusive_groups, tag_text
from recommender.weighing import WeighedCell
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.snapshot import VocabularySnapshot, vocabulary_snapshot

DOUBTFUL_WEIGHT = 0.0
SHOWN_KINDS = {Decision.Kind.ACCEPTED, Decision.Kind.REJECTED, Decision.Kind.IGNORED}


@dataclass(frozen=True)
class TrainingData:
    """Examples, the columns that their labels stand for with their texts, and a digest that is equal for equal data.

    `blind` are examples that were tagged before anybody saw a suggestion, or spot-checked since: to evaluate on, never
    to learn from. `pool` is every cell that somebody decided on, `evidence` what the run's report says of decisions.
    """

    examples: list[ml.Example]
    label_space: ml.LabelSpace
    tag_texts: tuple[ml.TagText, ...]  # one a label
    digest: str
    blind: list[ml.Example] = field(default_factory=list)
    pool: list[WeighedCell] = field(default_factory=list)
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def window(self) -> tuple[datetime | None, datetime | None]:
        """When the first and the last of the dated documents were published."""
        moments = [e.published_at for e in self.examples if e.published_at is not None]
        if not moments:
            return None, None
        return datetime.fromtimestamp(min(moments), UTC), datetime.fromtimestamp(max(moments), UTC)


def collect_training_data(vocabulary: Vocabulary, *, known: tuple[str, ...] = ()) -> TrainingData:
    """Every document with a tag or a decision; `known` are the columns of the champion, which keep their place."""
    snapshot = vocabulary_snapshot(vocabulary.pk)
    label_space = _label_space(vocabulary, snapshot, known)
    one_tag = label_space.selection_mode == "one"
    resolve = resolved_tags(vocabulary, snapshot)
    documents, stands_for = each_text_once(training_documents(vocabulary), one_tag=one_tag)
    documents = with_resolved_tags(dated(documents), resolve)
    evidence, n_retired = resolved_evidence(evidence_of(vocabulary), resolve, stands_for)
    checked = spot_checked_documents(vocabulary, documents, resolve)
    on_others = [each for each in evidence if each.document_id not in checked]
    judgements = _judgements(on_others, documents, evidence_policy(vocabulary.pk))
    examples = _examples(documents, label_space, judgements)
    if one_tag:
        examples = [example for example in examples if len(example.labels) == 1]
    tag_texts = _tag_texts(label_space, snapshot)
    measuring = judgements.blind | {str(document_id) for document_id in checked}
    blind = [example for example in examples if example.document_id in measuring]
    n_checked = sum(uuid.UUID(example.document_id) in checked for example in blind)
    return TrainingData(
        [example for example in examples if example.document_id not in measuring],
        label_space,
        tag_texts,
        _digest(examples, label_space, tag_texts),
        blind,
        judgements.pool,
        {
            "decisions": len(evidence) + n_retired,
            "dropped": {
                **judgements.dropped,
                SPOT_CHECKED: len(evidence) - len(on_others),
                REPEATED_TEXTS: len(stands_for),
                RETIRED_TAGS: n_retired,
            },
            "states": dict(Counter(str(cell.state) for cell in judgements.pool)),
            "blind_documents": len(blind) - n_checked,
            "spot_checked_documents": n_checked,
        },
    )


def _label_space(vocabulary: Vocabulary, snapshot: VocabularySnapshot, known: tuple[str, ...]) -> ml.LabelSpace:
    mode: ml.SelectionMode = "one" if vocabulary.selection_mode == Vocabulary.SelectionMode.ONE else "many"
    recommendable = sorted(str(tag.id) for tag in snapshot.tags.values() if tag.recommendable)
    label_space = ml.LabelSpace(known, mode).extended(recommendable)
    return replace(label_space, exclusive_groups=exclusive_groups(label_space.tag_ids, snapshot))


def _tag_texts(label_space: ml.LabelSpace, snapshot: VocabularySnapshot) -> tuple[ml.TagText, ...]:
    """Of retired tags too, which may come back into use; a tag that is no more has no name."""
    tags = (snapshot.tags.get(uuid.UUID(tag_id)) for tag_id in label_space.tag_ids)
    return tuple(tag_text(tag) if tag is not None else ml.TagText("") for tag in tags)


@dataclass(frozen=True)
class _Judgements:
    """What was decided: weighed cells, doubtful tags of each document, how complete its tags are, what was dropped."""

    pool: list[WeighedCell]
    doubtful: Mapping[uuid.UUID, Collection[uuid.UUID]]
    completeness: Mapping[uuid.UUID, float]  # of documents with suggestions
    blind: frozenset[str]
    dropped: Mapping[str, int]

    @cached_property
    def cells(self) -> Mapping[uuid.UUID, Sequence[WeighedCell]]:
        """The cells of each document."""
        cells: defaultdict[uuid.UUID, list[WeighedCell]] = defaultdict(list)
        for cell in self.pool:
            cells[cell.document_id].append(cell)
        return cells


def _judgements(
    evidence: Sequence[Evidence], documents: Iterable[TrainingDocument], policy: EvidencePolicy
) -> _Judgements:
    """Ages are counted back from the last decision, so that equal data gives equal weights on any day."""
    cleaned = clean(evidence, cleaning_limits(policy))
    pool = weighed_cells(
        cleaned.kept,
        {each.id: each.tag_ids for each in documents},
        weight_rules(policy),
        as_of=evidence[-1].moment if evidence else 0.0,
        kept_after_days=policy.kept_after_days,
    )
    doubtful: defaultdict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for document_id, tag_id in cleaned.doubtful:
        doubtful[document_id].add(tag_id)
    shown = {} if policy.never_shown_is_negative else _completeness(evidence, policy.completeness)
    blind = frozenset(str(document_id) for document_id in cleaned.blind_documents)
    return _Judgements(pool, doubtful, shown, blind, cleaned.dropped)


def _completeness(evidence: Iterable[Evidence], completeness: float) -> Mapping[uuid.UUID, float]:
    """Of each document with suggestions, how surely a right tag that was not shown was added: never before it was
    handed in.
    """
    found: dict[uuid.UUID, float] = {}
    for each in evidence:
        if each.kind in SHOWN_KINDS:
            found[each.document_id] = max(found.get(each.document_id, 0.0), completeness if each.submitted else 0.0)
    return found


def _examples(
    documents: Iterable[TrainingDocument], label_space: ml.LabelSpace, judgements: _Judgements
) -> list[ml.Example]:
    label_by_tag_id = {uuid.UUID(tag_id): label for tag_id, label in label_space.label_by_tag_id.items()}
    return [_example(each, label_by_tag_id, judgements) for each in documents]


def _example(
    document: TrainingDocument, label_by_tag_id: Mapping[uuid.UUID, int], judgements: _Judgements
) -> ml.Example:
    cells = judgements.cells.get(document.id, ())
    completeness = judgements.completeness.get(document.id, 1.0)
    # What was left says no less than what was not shown at all: neither was added
    weights = {
        label_by_tag_id[cell.tag_id]: max(cell.weight, completeness) if cell.is_negative else cell.weight
        for cell in cells
        if cell.is_negative or cell.weight != 1.0
    }
    doubtful = set(judgements.doubtful.get(document.id, ())) - document.undecided_tag_ids
    weights |= {label_by_tag_id[tag_id]: DOUBTFUL_WEIGHT for tag_id in doubtful}
    published = document.published_at
    return ml.Example(
        text=ml.Text(document.title, document.body, document.language),
        labels=tuple(sorted(label_by_tag_id[tag_id] for tag_id in document.tag_ids - doubtful)),
        document_id=str(document.id),
        group=document.split_group,
        published_at=published.timestamp() if published else None,
        label_weights=dict(sorted(weights.items())),
        unlabelled_weight=completeness,
    )


def _digest(examples: Sequence[ml.Example], label_space: ml.LabelSpace, tag_texts: Sequence[ml.TagText]) -> str:
    """SHA-256 over every text, label and weight and over the names and texts of the tags, in order."""
    digest = hashlib.sha256(repr(label_space).encode())
    for each in (*tag_texts, *examples):
        digest.update(repr(each).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
