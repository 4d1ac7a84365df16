"""The challenger answers a share of live requests, too: in the background, seen by nobody, at nobody's cost.

One thread a process takes the requests from a short queue. It works while no answer is under way, rests nine times as
long as it worked, and what does not fit into the queue is dropped and counted.
"""

import logging
import queue
import threading
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from django.db import DatabaseError, close_old_connections, connection

from feedback.models import Recommendation
from recommender.answering import Answer, RecommendationRequest, present_ranker, ranked_answer
from recommender.challenging import Challenge, ChallengerStore, challengers
from recommender.metrics import count_shadow_answer
from recommender.ml.shares import falls_into_share
from recommender.models import ShadowAnswer
from tagplatform.taxonomy.models import Vocabulary

logger = logging.getLogger(__name__)

QUEUE_SIZE = 32
SHARE_OF_TIME = 0.1
QUIET_SECONDS = 1.0
IDLE_SECONDS = 5.0
PURPOSE = "shadow"


class AnswersUnderWay:
    """How many answers are being computed in this process."""

    def __init__(self) -> None:
        self._n = 0
        self._change = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[None]:
        """While an answer is computed."""
        with self._change:
            self._n += 1
        try:
            yield
        finally:
            with self._change:
                self._n -= 1
                if not self._n:
                    self._change.notify_all()

    def wait_for_none(self, seconds: float) -> bool:
        """Waits until none is under way, `seconds` at most; returns whether none is."""
        with self._change:
            return self._change.wait_for(lambda: not self._n, seconds)


answers_under_way = AnswersUnderWay()


@dataclass(frozen=True)
class ShadowRequest:
    """A request that has been answered, as the challenger is asked it."""

    recommendation_id: uuid.UUID
    vocabulary: Vocabulary
    request: RecommendationRequest
    rejected: Collection[uuid.UUID]


class Shadow:
    """The queue of this process and the thread that empties it."""

    def __init__(self, store: ChallengerStore = challengers, *, size: int = QUEUE_SIZE) -> None:
        self._store = store
        self._requests: queue.Queue[ShadowRequest | Challenge | None] = queue.Queue(size)
        self._under_way = answers_under_way
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin to empty the queue, once however often it is called."""
        if self._thread is None or not self._thread.is_alive():
            self._stop.clear()
            self._thread = threading.Thread(target=self._work, name="shadow", daemon=True)
            self._thread.start()

    def prepare(self, challenge: Challenge) -> None:
        """Be ready for the challenger; one that fills answers in turns is opened before anybody is to see it."""
        self.start()
        if challenge.comparison is not None and self._store.loaded(challenge) is None and self._requests.empty():
            with suppress(queue.Full):
                self._requests.put_nowait(challenge)

    def stop(self) -> None:
        """Ends the thread, after what it is at."""
        self._stop.set()
        with suppress(queue.Full):
            self._requests.put_nowait(None)
        if self._thread is not None:
            self._thread.join()

    def offer(
        self, vocabulary: Vocabulary, request: RecommendationRequest, answer: Answer, rejected: Collection[uuid.UUID]
    ) -> bool:
        """Put a request that was answered into the queue if it is one of the share; never waits. Whether it is in."""
        challenge = self._store.of(vocabulary.pk)
        if challenge is None or answer.recommendation_id is None or answer.degraded:
            return False
        blind = request.policy == Recommendation.Policy.BLIND
        if not blind and not falls_into_share(answer.recommendation_id.bytes, challenge.shadow_share, purpose=PURPOSE):
            return False
        asked = replace(request, explain=False, store=False, readable=None)
        try:
            self._requests.put_nowait(ShadowRequest(answer.recommendation_id, vocabulary, asked, rejected))
        except queue.Full:
            count_shadow_answer(vocabulary=vocabulary.slug, result="dropped")
            return False
        return True

    def wait_until_empty(self) -> None:
        """Until everything that was offered has been answered (tests and benchmarks)."""
        self._requests.join()

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                self._next()
        finally:
            connection.close()

    def _next(self) -> None:
        try:
            asked = self._requests.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            connection.close()
            return
        if asked is None:
            self._requests.task_done()
            return
        self._under_way.wait_for_none(QUIET_SECONDS)
        started = time.thread_time()
        try:
            close_old_connections()
            self._do(asked)
        finally:
            self._requests.task_done()
        self._stop.wait((time.thread_time() - started) * (1 / SHARE_OF_TIME - 1))

    def _do(self, asked: ShadowRequest | Challenge) -> None:
        """Nobody waits for it, so nobody hears of its errors but the log and the counter."""
        result = "failed"
        try:
            if isinstance(asked, Challenge):
                self._store.load(asked)
                return
            result = self._carry_out(asked)
        except DatabaseError:
            connection.close()
        except Exception:
            logger.exception("a challenger could not answer; nobody waits for it")
        if isinstance(asked, ShadowRequest):
            count_shadow_answer(vocabulary=asked.vocabulary.slug, result=result)

    def _carry_out(self, asked: ShadowRequest) -> str:
        """Rank with the challenger and keep what it says; a word for the counter."""
        challenge = self._store.of(asked.vocabulary.pk)
        loaded = self._store.load(challenge) if challenge is not None else None
        if loaded is None:
            return "unavailable"
        present = present_ranker(loaded, asked.vocabulary)
        started = time.thread_time()
        answer = ranked_answer(
            loaded, present, asked.vocabulary, asked.request, rejected=asked.rejected, newer=self._store.newer
        )
        row = ShadowAnswer(
            recommendation_id=asked.recommendation_id,
            version=loaded.version,
            tag_ids=[ranked.tag.id for ranked in answer.suggestions],
            probabilities=[ranked.probability for ranked in answer.suggestions],
            seconds=time.thread_time() - started,
        )
        ShadowAnswer.objects.bulk_create([row], ignore_conflicts=True)
        return "answered"


shadow = Shadow()
