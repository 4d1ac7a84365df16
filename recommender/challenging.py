"""What this process knows of challengers: which there are and how they are tried, and their loaded rankers.

The thread that follows the champions tells it once a second; rankers are opened in the background, never for a request.
"""

import logging
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from recommender import ml
from recommender.adjustments import AdjustmentStore
from recommender.answering import NewerKnowledge
from recommender.models import ModelVersion
from recommender.new_tags import NewTagStore
from recommender.registry import open_version
from recommender.serving import RETRY_AFTER_SECONDS, LoadedRanker
from tagplatform.taxonomy.snapshot import vocabulary_snapshot

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunningComparison:
    """Champion and challenger fill answers in turns, on a share of the texts."""

    id: uuid.UUID
    champion_id: uuid.UUID
    share: float


@dataclass(frozen=True)
class Challenge:
    """The version that is tried beside a vocabulary's champion: on which share in the shadow, and in the open."""

    version_id: uuid.UUID
    shadow_share: float
    comparison: RunningComparison | None = None


class ChallengerStore:
    """Challenges as they were last told, and the rankers of those that have been opened."""

    def __init__(self) -> None:
        self.newer = NewerKnowledge(AdjustmentStore(), NewTagStore())
        self._challenges: Mapping[uuid.UUID, Challenge] = {}
        self._loaded: dict[uuid.UUID, LoadedRanker] = {}
        self._retry_at: dict[uuid.UUID, float] = {}

    def follow(self, challenges: Mapping[uuid.UUID, Challenge]) -> None:
        """These there are now, by vocabulary; rankers of all others are dropped."""
        self._challenges = dict(challenges)
        wanted = {challenge.version_id for challenge in challenges.values()}
        for version_id in [each for each in self._loaded if each not in wanted]:
            self._loaded.pop(version_id, None)

    def of(self, vocabulary_id: uuid.UUID) -> Challenge | None:
        return self._challenges.get(vocabulary_id)

    def loaded(self, challenge: Challenge) -> LoadedRanker | None:
        """The challenger's ranker, once it has been opened."""
        return self._loaded.get(challenge.version_id)

    def load(self, challenge: Challenge) -> LoadedRanker | None:
        """The same, opened here and now if need be; None for a while after a bundle could not be opened."""
        loaded = self.loaded(challenge)
        if loaded is not None or time.monotonic() < self._retry_at.get(challenge.version_id, 0.0):
            return loaded
        version = ModelVersion.objects.select_related("vocabulary", "training_run").get(pk=challenge.version_id)
        try:
            loaded = LoadedRanker(version, open_version(version)).warm(vocabulary_snapshot(version.vocabulary_id))
        except ml.BundleError:
            self._retry_at[challenge.version_id] = time.monotonic() + RETRY_AFTER_SECONDS
            return None
        self._loaded[challenge.version_id] = loaded
        return loaded

    def forget(self) -> None:
        """Drop everything (tests)."""
        self.follow({})
        self._retry_at.clear()
        self.newer.adjustments.forget()
        self.newer.new_tags.forget()


challengers = ChallengerStore()
