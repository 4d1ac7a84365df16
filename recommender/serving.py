"""One loaded ranker for each vocabulary in this process; a new champion is loaded aside and swapped in."""

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from recommender import ml
from recommender.metrics import tell_loaded_version
from recommender.models import ModelAlias, ModelVersion
from recommender.registry import open_version
from recommender.selectors import champion, champion_id, former_champions
from tagplatform.common.errors import Unavailable
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.snapshot import VocabularySnapshot

logger = logging.getLogger(__name__)


@dataclass
class LoadedRanker:
    """A ranker with what is derived from it for serving."""

    version: ModelVersion
    ranker: ml.Ranker
    degraded: bool = False
    _mask: tuple[int, np.ndarray] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.tag_ids = [uuid.UUID(tag_id) for tag_id in self.ranker.label_space.tag_ids]
        self.label_by_tag_id = {tag_id: label for label, tag_id in enumerate(self.tag_ids)}

    def recommendable(self, snapshot: VocabularySnapshot) -> np.ndarray:
        """Which labels an answer may contain now, shape (n_labels,): a retired tag is gone at once."""
        kept = self._mask
        if kept is None or kept[0] != snapshot.version:
            tags = (snapshot.tags.get(tag_id) for tag_id in self.tag_ids)
            mask = np.fromiter((tag is not None and tag.recommendable for tag in tags), bool, len(self.tag_ids))
            self._mask = kept = (snapshot.version, mask)
        return kept[1]


class RankerStore:
    """Answers keep coming from the loaded ranker while another one is read from disk."""

    def __init__(self) -> None:
        self._loaded: dict[uuid.UUID, LoadedRanker] = {}
        self._first_load = threading.Lock()
        self._swap = threading.Lock()
        self._wanted: dict[uuid.UUID, uuid.UUID] = {}

    def current(self, vocabulary: Vocabulary) -> LoadedRanker:
        """The champion's ranker, or the one before it while the champion is being loaded or cannot be.

        Raises Unavailable when no version of the vocabulary can be served.
        """
        loaded = self._loaded.get(vocabulary.pk)
        if loaded is not None and loaded.version.pk == champion_id(vocabulary):
            return loaded
        version = champion(vocabulary)
        if version is None or loaded is None:
            return self._load_first(vocabulary, version)
        if loaded.version.pk != version.pk:
            self._load_aside(vocabulary, version)
        return self._loaded[vocabulary.pk]

    def forget(self) -> None:
        """Drop every loaded ranker (tests, and a process that wants its memory back)."""
        self._loaded.clear()
        self._wanted.clear()

    def loaded_versions(self) -> list[ModelVersion]:
        """What this process answers with."""
        return [loaded.version for loaded in self._loaded.values()]

    def _load_first(self, vocabulary: Vocabulary, version: ModelVersion | None) -> LoadedRanker:
        if version is None:
            self._loaded.pop(vocabulary.pk, None)
            raise Unavailable(_("No model of this vocabulary has been trained yet."), code="no_model")
        with self._first_load:
            if vocabulary.pk not in self._loaded:
                self._wanted[vocabulary.pk] = version.pk
                self._loaded[vocabulary.pk] = _first_that_opens(vocabulary, version)
                _tell(self._loaded[vocabulary.pk])
            return self._loaded[vocabulary.pk]

    def _load_aside(self, vocabulary: Vocabulary, version: ModelVersion) -> None:
        """Start loading `version` in a thread, unless that has been tried since the alias moved."""
        with self._swap:
            if self._wanted.get(vocabulary.pk) == version.pk:
                return
            self._wanted[vocabulary.pk] = version.pk
        threading.Thread(target=self._swap_in, args=(vocabulary.pk, version), daemon=True).start()

    def _swap_in(self, vocabulary_id: uuid.UUID, version: ModelVersion) -> None:
        try:
            fresh = LoadedRanker(version, open_version(version))
        except DatabaseError:
            self._wanted.pop(vocabulary_id, None)  # the next request tries again
        except Exception:
            logger.exception("%s cannot be loaded; answers keep coming from the version before it", version.name)
            self._loaded[vocabulary_id].degraded = True
            _tell(self._loaded[vocabulary_id])
        else:
            with self._swap:
                if self._wanted.get(vocabulary_id) == version.pk:
                    self._loaded[vocabulary_id] = fresh
                    _tell(fresh)
            logger.info("now answering with %s", version.name)
        finally:
            connection.close()


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


def warm_up() -> None:
    """Load every champion, so that the first editor does not wait for it."""
    try:
        for vocabulary in Vocabulary.objects.filter(model_aliases__name=ModelAlias.Name.CHAMPION):
            with suppress(Unavailable):
                rankers.current(vocabulary)
    except DatabaseError:
        logger.warning("the database cannot be reached yet; models are loaded when they are first asked for")
    finally:
        connection.close()
