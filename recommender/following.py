"""A thread of each web process that follows the aliases: loads the champions, and tells of the challengers.

No request has to be the first to notice, and none waits: what is promoted is read from disk while the version before it
answers.
"""

import logging
import threading
import time
import uuid

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection

from recommender.challenging import Challenge, RunningComparison, challengers
from recommender.models import Interleaving, ModelAlias
from recommender.serving import RETRY_AFTER_SECONDS, RankerStore, rankers
from recommender.shadowing import Shadow, shadow
from tagplatform.common.errors import Unavailable
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.snapshot import vocabulary_snapshot

logger = logging.getLogger(__name__)


class ChampionFollower:
    """Looks at the aliases again and again; a vocabulary without any model that opens is tried again after a while."""

    def __init__(self, store: RankerStore = rankers, behind: Shadow = shadow) -> None:
        self._store = store
        self._shadow = behind
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="champions", daemon=True)
        self._retry_at: dict[uuid.UUID, float] = {}
        self._reached = True

    def start(self) -> "ChampionFollower":
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends the thread, after what it is at."""
        self._stop.set()
        self._thread.join()

    def look(self) -> None:
        """Start loading every champion that does not answer yet; one query where there is nothing to do."""
        champions, challenges = _aliases()
        for vocabulary_id, version_id in champions.items():
            if not self._store.follows(vocabulary_id, version_id):
                self._load(vocabulary_id)
        challengers.follow(challenges)
        for challenge in challenges.values():
            self._shadow.prepare(challenge)

    def _load(self, vocabulary_id: uuid.UUID) -> None:
        if time.monotonic() < self._retry_at.get(vocabulary_id, 0.0):
            return
        try:
            loaded = self._store.current(Vocabulary.objects.get(pk=vocabulary_id))
        except (Unavailable, Vocabulary.DoesNotExist):
            self._retry_at[vocabulary_id] = time.monotonic() + RETRY_AFTER_SECONDS
        else:
            self._retry_at.pop(vocabulary_id, None)
            loaded.warm(vocabulary_snapshot(vocabulary_id))  # the first of the process; later ones come warm

    def _follow(self) -> None:
        try:
            while not self._stop.is_set():
                self._try_to_look()
                self._stop.wait(settings.CHAMPION_CHECK_SECONDS)
        finally:
            connection.close()

    def _try_to_look(self) -> None:
        try:
            close_old_connections()
            self.look()
        except DatabaseError:
            if self._reached:
                logger.warning("the database cannot be reached; promotions are followed when it is back")
            self._reached = False
            connection.close()
        except Exception:
            logger.exception("the champions could not be followed; the next look tries again")
        else:
            self._reached = True


def _aliases() -> tuple[dict[uuid.UUID, uuid.UUID], dict[uuid.UUID, Challenge]]:
    """The champion's version and the challenge of each vocabulary that has one."""
    share = "vocabulary__challenge_policy__shadow_share"
    rows = list(ModelAlias.objects.values_list("name", "vocabulary_id", "version_id", share))
    champions = {vocabulary: version for name, vocabulary, version, _share in rows if name == ModelAlias.Name.CHAMPION}
    tried = [row for row in rows if row[0] == ModelAlias.Name.CHALLENGER and row[3] is not None]
    comparisons = _comparisons() if tried else {}
    challenges = {
        vocabulary: Challenge(version, share, comparisons.get((vocabulary, version)))
        for _name, vocabulary, version, share in tried
    }
    return champions, challenges


def _comparisons() -> dict[tuple[uuid.UUID, uuid.UUID], RunningComparison]:
    """Those that run, by vocabulary and challenger."""
    running = Interleaving.objects.filter(state=Interleaving.State.RUNNING)
    return {
        (each.vocabulary_id, each.challenger_id): RunningComparison(each.pk, each.champion_id, each.share)
        for each in running
    }
