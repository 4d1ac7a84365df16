"""A run's progress as training reports it: written at most once a second, with a heartbeat beside it."""

import threading
import time
from types import TracebackType

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils import timezone

from recommender.models import TrainingRun
from recommender.runs import LOG_LINES_KEPT, TrainingCancelled, beat, report_progress
from recommender.spent_time import StageClock

SECONDS_BETWEEN_WRITES = 1.0


class RunProgress:
    """Maps the stages of a run onto one progress from 0 to 1 and keeps the tail of its log.

    Use as a context manager: a thread beats while long stages are silent.
    """

    def __init__(self, run: TrainingRun) -> None:
        self.run = run
        self._lines: list[str] = []
        self._stage = ("", "")
        self._span = (0.0, 1.0)
        self._chapter = "data"
        self.clock = StageClock()
        self._last_write = 0.0
        self._stop = threading.Event()
        self._wanted = True
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> "RunProgress":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    def span(self, start: float, end: float, chapter: str) -> None:
        """What is reported from now on lies between these shares of the whole run, and its time in this chapter."""
        self._span = (start, end)
        self._chapter = chapter

    def log(self, line: str) -> None:
        """Add a line to the run's log."""
        self._lines = [*self._lines[-LOG_LINES_KEPT + 1 :], f"{timezone.now():%H:%M:%S} {line}"]

    def __call__(self, stage: str, fraction: float) -> None:
        """The callback that training calls; raises TrainingCancelled."""
        if not self._wanted:
            raise TrainingCancelled
        if (self._chapter, stage) != self._stage:
            self._stage = (self._chapter, stage)
            self.clock.begin(self._chapter, stage)
            self.log(stage)
        elif time.monotonic() - self._last_write < SECONDS_BETWEEN_WRITES:
            return
        self._last_write = time.monotonic()
        start, end = self._span
        progress = start + (end - start) * min(max(fraction, 0.0), 1.0)
        try:
            report_progress(self.run, stage=stage, progress=progress, log_tail="\n".join(self._lines))
        except (OperationalError, InterfaceError):
            connection.close()  # training goes on while the database is away; the next report connects again

    def _beat(self) -> None:
        while not self._stop.wait(settings.TRAINING_HEARTBEAT_SECONDS):
            try:
                self._wanted = beat(self.run)
            except (DatabaseError, InterfaceError):
                connection.close()
        connection.close()
