"""One loaded ranker for each vocabulary in this process; a new champion is loaded aside and swapped in."""

import logging
import math
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from recommender import ml
from recommender.metrics import tell_loaded_version
from recommender.models import ModelVersion
from recommender.present import PresentRanker, RankerInVocabulary
from recommender.registry import open_version
from recommender.selectors import champion, champion_id, former_champions
from tagplatform.common.errors import Unavailable
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.snapshot import VocabularySnapshot, vocabulary_snapshot

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 30.0
WARM_UP_TEXT = ml.Text("Warm up", "Some words that any model reads before it answers. 任何模型先读这几个字。")


class LoadedRanker:
    """A version's ranker, and whether it stands in for a champion that cannot be had."""

    def __init__(self, version: ModelVersion, ranker: ml.Ranker, *, degraded: bool = False) -> None:
        self.version = version
        self.degraded = degraded
        self.is_warm = False
        self._in_vocabulary = RankerInVocabulary(ranker)

    def at(self, snapshot: VocabularySnapshot) -> PresentRanker:
        """The ranker with the vocabulary's present tags."""
        return self._in_vocabulary.at(snapshot)

    def warm(self, snapshot: VocabularySnapshot) -> "LoadedRanker":
        """Ranks one text, once, so that no editor is the first: what is made on first use is made, errors show now."""
        if not self.is_warm:
            present = self.at(snapshot)
            present.rank(WARM_UP_TEXT, limit=1, allowed=present.recommendable, chosen=())
            self.is_warm = True
        return self


@dataclass(frozen=True)
class Attempt:
    """A version that is being loaded, or could not be and is tried again from `retry_at` (time.monotonic) on."""

    version_id: uuid.UUID
    retry_at: float = math.inf

    @classmethod
    def failed(cls, version: ModelVersion) -> "Attempt":
        return cls(version.pk, time.monotonic() + RETRY_AFTER_SECONDS)

    def holds(self, version: ModelVersion) -> bool:
        return self.version_id == version.pk and time.monotonic() < self.retry_at


class RankerStore:
    """Answers keep coming from the loaded ranker while another one is read from disk."""

    def __init__(self) -> None:
        self._loaded: dict[uuid.UUID, LoadedRanker] = {}
        self._first_load = threading.Lock()
        self._swap = threading.Lock()
        self._attempts: dict[uuid.UUID, Attempt] = {}

    def current(self, vocabulary: Vocabulary) -> LoadedRanker:
        """The champion's ranker, or the one before it while the champion is being loaded or cannot be.

        Raises Unavailable when no version of the vocabulary can be served.
        """
        loaded = self._loaded.get(vocabulary.pk)
        if loaded is not None and loaded.version.pk == champion_id(vocabulary):
            return self._settled(vocabulary, loaded)
        version = champion(vocabulary)
        if version is None or loaded is None:
            return self._load_first(vocabulary, version)
        if loaded.version.pk != version.pk:
            self._load_aside(vocabulary, version)
        return self._loaded[vocabulary.pk]

    def follows(self, vocabulary_id: uuid.UUID, version_id: uuid.UUID) -> bool:
        """Whether this version is what answers, and nothing is left to be settled."""
        loaded = self._loaded.get(vocabulary_id)
        settled = loaded is not None and not loaded.degraded and vocabulary_id not in self._attempts
        return settled and loaded is not None and loaded.version.pk == version_id

    def forget(self) -> None:
        """Drop every loaded ranker (tests, and a process that wants its memory back)."""
        self._loaded.clear()
        self._attempts.clear()

    def loaded_versions(self) -> list[ModelVersion]:
        """What this process answers with."""
        return [loaded.version for loaded in self._loaded.values()]

    def _settled(self, vocabulary: Vocabulary, loaded: LoadedRanker) -> LoadedRanker:
        """The champion is what is loaded: it is no substitute (any more), and no other version is waited for."""
        if loaded.degraded or vocabulary.pk in self._attempts:
            with self._swap:
                self._attempts.pop(vocabulary.pk, None)
                loaded.degraded = False
                _tell(loaded)
        return loaded

    def _load_first(self, vocabulary: Vocabulary, version: ModelVersion | None) -> LoadedRanker:
        if version is None:
            self._loaded.pop(vocabulary.pk, None)
            raise Unavailable(_("No model of this vocabulary has been trained yet."), code="no_model")
        with self._first_load:
            if vocabulary.pk not in self._loaded:
                loaded = _first_that_opens(vocabulary, version)
                if loaded.degraded:
                    self._attempts[vocabulary.pk] = Attempt.failed(version)
                self._loaded[vocabulary.pk] = loaded
                _tell(loaded)
            return self._loaded[vocabulary.pk]

    def _load_aside(self, vocabulary: Vocabulary, version: ModelVersion) -> None:
        """Start loading `version` in a thread, unless one is at it or it failed a short while ago."""
        with self._swap:
            attempt = self._attempts.get(vocabulary.pk)
            if attempt is not None and attempt.holds(version):
                return
            self._attempts[vocabulary.pk] = Attempt(version.pk)
        threading.Thread(target=self._swap_in, args=(vocabulary.pk, version), daemon=True).start()

    def _swap_in(self, vocabulary_id: uuid.UUID, version: ModelVersion) -> None:
        try:
            fresh = LoadedRanker(version, open_version(version)).warm(vocabulary_snapshot(vocabulary_id))
        except DatabaseError:
            self._conclude(vocabulary_id, version)  # the next request tries again
        except Exception:
            logger.exception("%s cannot be loaded; answers keep coming from the version before it", version.name)
            self._conclude(vocabulary_id, version, failed=True)
        else:
            self._conclude(vocabulary_id, version, fresh)
            logger.info("now answering with %s", version.name)
        finally:
            connection.close()

    def _conclude(
        self, vocabulary_id: uuid.UUID, version: ModelVersion, fresh: LoadedRanker | None = None, failed: bool = False
    ) -> None:
        """What came of an attempt; nothing where the champion has moved on meanwhile."""
        with self._swap:
            attempt, loaded = self._attempts.get(vocabulary_id), fresh or self._loaded.get(vocabulary_id)
            if attempt is None or attempt.version_id != version.pk or loaded is None:
                return
            del self._attempts[vocabulary_id]
            if failed:
                self._attempts[vocabulary_id] = Attempt.failed(version)
                loaded.degraded = True
            self._loaded[vocabulary_id] = loaded
            _tell(loaded)


def _tell(loaded: LoadedRanker) -> None:
    version = loaded.version
    tell_loaded_version(vocabulary=version.vocabulary.slug, number=version.number, degraded=loaded.degraded)


def _first_that_opens(vocabulary: Vocabulary, version: ModelVersion) -> LoadedRanker:
    for candidate, degraded in _candidates(vocabulary, version):
        try:
            return LoadedRanker(candidate, open_version(candidate), degraded=degraded)
        except ml.BundleError:
            continue
    raise Unavailable(
        _("No model of this vocabulary can be loaded. An administrator should train a new one."), code="no_model"
    )


def _candidates(vocabulary: Vocabulary, version: ModelVersion) -> Iterator[tuple[ModelVersion, bool]]:
    yield version, False
    for former in former_champions(vocabulary):
        yield former, True


rankers = RankerStore()
