"""How wide the suggestions range: entropy, rare tags, tags that no model has learnt, the share of all tags."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.core.cache import cache
from django.db.models import Count

from recommender.adjustments import learnt_until
from recommender.ml.live_figures import UNKNOWN, Counts, entropy_ratio, shannon_entropy, share_of
from recommender.ml.metrics import TAIL_BELOW_DOCUMENTS, Interval
from recommender.models import ModelVersion
from recommender.models import figures as names
from recommender.watching.ledger import INTERLEAVED
from tagplatform.content.models import TagAssignment
from tagplatform.taxonomy.models import Vocabulary

KEPT_SECONDS = 3600


@dataclass(frozen=True)
class TagUse:
    """How often a tag was shown, accepted where it was shown, and added where it was not."""

    shown: int = 0
    accepted: int = 0
    added: int = 0

    @property
    def chosen(self) -> int:
        return self.accepted + self.added


UseByVersion = Mapping[str, Mapping[uuid.UUID, TagUse]]
DocumentsByTag = Mapping[uuid.UUID, int]


def known_before(vocabulary: Vocabulary, model_version: str) -> DocumentsByTag:
    """Documents that bore each tag when the version's training began, and bear it still; kept for an hour.

    A version that is not registered counts as trained on all there is.
    """
    key = f"documents-of-tags-{vocabulary.pk}-{model_version}"
    found: DocumentsByTag | None = cache.get(key)
    if found is None:
        found = _documents_by_tag(vocabulary, _version(vocabulary, model_version))
        cache.set(key, found, KEPT_SECONDS)
    return found


def diversity_of(
    uses: UseByVersion, known: Mapping[str, DocumentsByTag], catalogue: Collection[uuid.UUID]
) -> dict[str, tuple[Interval, int]]:
    """Each figure with the number of things that it was counted on; what has nothing to count is left out.

    `known` are the training documents of each tag as each version had them, `catalogue` the tags that may be suggested.
    What is unlearnt is asked of the version that showed most.
    """
    if not any(uses.values()):
        return {}
    together = _added_up(uses.values())
    shown, chosen = (_counts(together.values(), part) for part in ("shown", "chosen"))
    leading = max(uses, key=lambda name: sum(use.shown for use in uses[name].values()))
    cold = [tag_id for tag_id in catalogue if not known[leading].get(tag_id)]
    cold_uses = [together.get(tag_id, TagUse()) for tag_id in cold]
    n_seen = sum(1 for tag_id in catalogue if together.get(tag_id, TagUse()).shown)
    found = {
        names.SHOWN_ENTROPY: (shannon_entropy(shown), int(shown.sum())),
        names.CHOSEN_ENTROPY: (shannon_entropy(chosen), int(chosen.sum())),
        names.ENTROPY_RATIO: (entropy_ratio(shown, chosen), int(shown.sum())),
        names.TAIL_SHOWN: _tail_share(uses, known, "shown"),
        names.TAIL_ACCEPTED: _tail_share(uses, known, "accepted"),
        names.TAIL_CHOSEN: _tail_share(uses, known, "chosen"),
        names.COVERAGE: (share_of(n_seen, len(catalogue)), len(catalogue)),
        names.COLD_SHOWN: (share_of(sum(use.shown > 0 for use in cold_uses), len(cold)), len(cold)),
        names.COLD_ACCEPTED: (share_of(sum(use.accepted > 0 for use in cold_uses), len(cold)), len(cold)),
    }
    return {figure: (interval, n) for figure, (interval, n) in found.items() if not np.isnan(interval.value)}


def _tail_share(uses: UseByVersion, known: Mapping[str, DocumentsByTag], part: str) -> tuple[Interval, int]:
    n_tail = n = 0
    for name, by_tag in uses.items():
        for tag_id, use in by_tag.items():
            count = getattr(use, part)
            n += count
            n_tail += count * (known[name].get(tag_id, 0) < TAIL_BELOW_DOCUMENTS)
    return (share_of(n_tail, n), n) if n else (UNKNOWN, 0)


def _added_up(parts: Iterable[Mapping[uuid.UUID, TagUse]]) -> dict[uuid.UUID, TagUse]:
    total: dict[uuid.UUID, TagUse] = {}
    for by_tag in parts:
        for tag_id, use in by_tag.items():
            so_far = total.get(tag_id, TagUse())
            total[tag_id] = TagUse(so_far.shown + use.shown, so_far.accepted + use.accepted, so_far.added + use.added)
    return total


def _counts(uses: Iterable[TagUse], part: str) -> Counts:
    return np.array([getattr(use, part) for use in uses], np.int64)


def _version(vocabulary: Vocabulary, name: str) -> ModelVersion | None:
    number = name.removesuffix(INTERLEAVED).rpartition("-")[2]
    if not number.isdecimal() or len(number) > 9:
        return None
    versions = ModelVersion.objects.filter(vocabulary=vocabulary, number=int(number))
    return versions.select_related("training_run").first()


def _documents_by_tag(vocabulary: Vocabulary, version: ModelVersion | None) -> dict[uuid.UUID, int]:
    assigned: Any = TagAssignment.objects.filter(tag__vocabulary=vocabulary)
    if version is not None:
        assigned = assigned.filter(assigned_at__lte=learnt_until(version))
    return dict(assigned.order_by().values_list("tag_id").annotate(n=Count("id")))
