"""Tags that the champion has not learnt, suggested from the stored documents that have come to bear them since.

Every process builds its pool (ml.prototypes) from the database and looks for new examples every second; nothing is
written. A tag leaves the pool when a model has learnt it: then it is borne by documents of before its training.
"""

import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Exists, OuterRef

from feedback.models import StandingRejection
from recommender import ml
from recommender.adjustments import adjustment_policy, learnt_until
from recommender.ml.prototypes import MAX_TOKENS, Prototypes, fit_prototypes
from recommender.ml.spans import located
from recommender.ml.text import Tokens, tokenise
from recommender.models import ModelVersion
from tagplatform.content.models import Document, TagAssignment
from tagplatform.taxonomy.models import Tag
from tagplatform.taxonomy.snapshot import VocabularySnapshot

KEPT_SECONDS = 1.0
SHARE_OF_TIME = 0.05  # of a process goes into looking for new examples at most
EXAMPLES_A_TAG = 20
OTHERS = 200
MOST_TAGS = 500
WORDS_NAMED = 5


@dataclass(frozen=True)
class NewTags:
    """The pool with what its columns and rows stand for."""

    tag_ids: Sequence[uuid.UUID]
    document_ids: Sequence[uuid.UUID]
    prototypes: Prototypes

    def probabilities(self, text: ml.Text) -> dict[uuid.UUID, float]:
        """Of the tags that the text may be about."""
        chances = self.prototypes.probabilities(tokenise(text, max_tokens=MAX_TOKENS))
        return {tag_id: float(chance) for tag_id, chance in zip(self.tag_ids, chances, strict=True) if chance > 0}

    def explain(self, text: ml.Text, tag_id: uuid.UUID) -> list[ml.Evidence]:
        """The words that the text shares with the tag's documents, the weightiest first."""
        tokens = tokenise(text, max_tokens=MAX_TOKENS)
        contributions = self.prototypes.word_contributions(tokens, self.tag_ids.index(tag_id))
        ordered = sorted(contributions.items(), key=lambda entry: (-entry[1], entry[0]))[:WORDS_NAMED]
        found = (located(text, word, contribution) for word, contribution in ordered if contribution > 0)
        return [evidence for evidence in found if evidence is not None]

    def similar(self, text: ml.Text, tag_id: uuid.UUID) -> list[tuple[uuid.UUID, float]]:
        """Documents that bear the tag, nearest first, with their cosine similarity."""
        tokens = tokenise(text, max_tokens=MAX_TOKENS)
        near = self.prototypes.nearest(tokens, self.tag_ids.index(tag_id), EXAMPLES_A_TAG)
        return [(self.document_ids[row], similarity) for row, similarity in near]


class _Pool:
    """What one process knows for one version; texts are read once."""

    def __init__(self, version: ModelVersion) -> None:
        self._version = version
        self._snapshot: VocabularySnapshot | None = None
        self._unlearnt: frozenset[uuid.UUID] = frozenset()
        self._others: list[uuid.UUID] = []
        self._tokens: dict[uuid.UUID, Tokens] = {}
        self._examples: Mapping[uuid.UUID, Sequence[uuid.UUID]] = {}
        self.current: NewTags | None = None

    def renew(self, snapshot: VocabularySnapshot) -> None:
        """Look for new examples; only where there are some is anything built."""
        if snapshot is not self._snapshot:
            self._unlearnt, self._snapshot = _unlearnt_tags(self._version, snapshot), snapshot
        examples = _examples(self._unlearnt)
        if examples == self._examples:
            return
        self._examples, self.current = examples, self._built(examples) if examples else None

    def _built(self, examples: Mapping[uuid.UUID, Sequence[uuid.UUID]]) -> NewTags:
        if not self._others:
            self._others = _other_documents(self._version, self._unlearnt)
        refused = StandingRejection.objects.filter(tag__in=examples, document__isnull=False).order_by("-id")
        rejected = refused.values_list("document_id", flat=True)[:OTHERS]
        bearing = {document_id for documents in examples.values() for document_id in documents}
        wanted = list(dict.fromkeys([*sorted(bearing), *rejected, *self._others]))
        self._read(wanted)
        document_ids = [document_id for document_id in wanted if document_id in self._tokens]
        tag_ids = sorted(examples)
        sets = [set(examples[tag_id]) for tag_id in tag_ids]
        bears = np.array([[document_id in each for each in sets] for document_id in document_ids], np.bool_)
        tokens = [self._tokens[document_id] for document_id in document_ids]
        return NewTags(tag_ids, document_ids, fit_prototypes(tokens, bears.reshape(len(tokens), len(tag_ids))))

    def _read(self, document_ids: Iterable[uuid.UUID]) -> None:
        missing = [document_id for document_id in document_ids if document_id not in self._tokens]
        rows = Document.objects.filter(pk__in=missing).values_list("pk", "title", "body", "language")
        for document_id, title, body, language in rows:
            self._tokens[document_id] = tokenise(ml.Text(title, body, language), max_tokens=MAX_TOKENS)


def _unlearnt_tags(version: ModelVersion, snapshot: VocabularySnapshot) -> frozenset[uuid.UUID]:
    """Recommendable tags that no document bore when the version's training began."""
    known = TagAssignment.objects.filter(tag=OuterRef("pk"), assigned_at__lt=learnt_until(version))
    tags = Tag.objects.recommendable().filter(~Exists(known), vocabulary=snapshot.vocabulary_id)
    return frozenset(tags.values_list("pk", flat=True))


def _examples(tag_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """The newest documents that bear each tag; tags without any are left out."""
    examples: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    if tag_ids:
        newest = TagAssignment.objects.filter(tag__in=tag_ids).order_by("-id").values_list("tag_id", "document_id")
        for tag_id, document_id in newest[: MOST_TAGS * EXAMPLES_A_TAG]:
            if len(examples[tag_id]) < EXAMPLES_A_TAG:
                examples[tag_id].append(document_id)
    return dict(list(examples.items())[:MOST_TAGS])


def _other_documents(version: ModelVersion, unlearnt: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """The newest documents that bear other tags of the vocabulary and none of these."""
    assigned = TagAssignment.objects.filter(tag__vocabulary=version.vocabulary_id).order_by("-id")
    newest = assigned.values_list("document_id", "tag_id")[: 20 * OTHERS]
    bearing = {document_id for document_id, tag_id in newest if tag_id in unlearnt}
    others = dict.fromkeys(document_id for document_id, _tag_id in newest if document_id not in bearing)
    return list(others)[:OTHERS]


class NewTagStore:
    """One pool for each version that answers; one thread renews it while the others go on with what was there."""

    def __init__(self) -> None:
        self._pools: dict[uuid.UUID, tuple[_Pool, ModelVersion]] = {}
        self._due: dict[uuid.UUID, float] = {}
        self._renewal = threading.Lock()

    def of(self, version: ModelVersion, snapshot: VocabularySnapshot) -> NewTags | None:
        """None where no new tag has an example, or the policy wants none."""
        pool = self._pools.get(version.vocabulary_id)
        fresh = pool is not None and pool[1].pk == version.pk
        if fresh and time.monotonic() < self._due[version.vocabulary_id]:
            return pool[0].current if pool else None
        if not self._renewal.acquire(blocking=not fresh):
            return pool[0].current if pool else None
        try:
            return self._renewed(version, snapshot)
        finally:
            self._renewal.release()

    def forget(self) -> None:
        self._pools.clear()

    def _renewed(self, version: ModelVersion, snapshot: VocabularySnapshot) -> NewTags | None:
        started = time.monotonic()
        kept = self._pools.get(version.vocabulary_id)
        pool = kept[0] if kept is not None and kept[1].pk == version.pk else _Pool(version)
        if adjustment_policy(version.vocabulary_id).new_tags_from_examples:
            pool.renew(snapshot)
        else:
            pool = _Pool(version)
        taken = time.monotonic() - started
        self._due[version.vocabulary_id] = started + max(KEPT_SECONDS, taken / SHARE_OF_TIME)
        self._pools[version.vocabulary_id] = (pool, version)
        return pool.current


new_tags = NewTagStore()
