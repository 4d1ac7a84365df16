"""Keeps numerical libraries from waiting for each other's threads, which stand still on a busy machine."""

from collections.abc import Iterator
from contextlib import contextmanager

import sklearn.ensemble  # noqa: F401 - only what has been loaded can be limited
from threadpoolctl import threadpool_limits


@contextmanager
def one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield
