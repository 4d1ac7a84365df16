"""Folders of bundles and data snapshots by their paths: on this machine alone, or in the shared store with copies here.

A worker writes below BUNDLES_DIR. Without a store they stay there; with one they are stored when they are finished, and
every reader opens a copy.
"""

import logging
import shutil
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from django.conf import settings

from recommender import ml
from recommender.bundle_cache import cache_place, cached_folder, drop_copy, passing_copy
from recommender.bundle_store import (
    StoreUnreachable,
    is_shared,
    is_stored,
    remove_stored,
    replace_file,
    store_folder,
    stored_folders,
)

logger = logging.getLogger(__name__)


def work_folder(path: str) -> Path:
    """Where a run writes the folder; its parent is made by whoever writes."""
    return Path(settings.BUNDLES_DIR) / path


def folder(path: str) -> Path:
    """Where the folder can be read, fetched when it has to be.

    Raises BundleMissing, BundleCorrupt and StoreUnreachable where a shared store cannot give it; without one it may be
    missing.
    """
    own = work_folder(path)
    return own if not is_shared() or own.exists() else cached_folder(path)


def folder_or_nothing(path: str) -> Path:
    """The same, but a path at which nothing is where the store cannot give it."""
    try:
        return folder(path)
    except ml.BundleError as error:
        logger.warning("%s cannot be fetched: %s", path, error)
        return cache_place(path)


def fetched_anew(path: str) -> Path | None:
    """A fresh copy in the place of a damaged one; None where this machine has the only one. Raises as `folder`."""
    if not is_shared() or work_folder(path).exists():
        return None
    drop_copy(path)
    return cached_folder(path)


def publish(path: str, *, never_kept: Collection[str] = ()) -> None:
    """Make a finished folder readable for every machine, copies of `never_kept` files only in passing.

    Nothing to do without a shared store. Raises StoreUnreachable.
    """
    if is_shared():
        store_folder(path, work_folder(path), never_kept=never_kept)


def one_file(path: str, name: str) -> AbstractContextManager[Path]:
    """A file of the folder for a while, without a copy that stays. Raises as `folder`."""
    own = work_folder(path)
    return passing_copy(path, name) if is_shared() and not own.exists() else _as_it_is(own / name)


def put_back(path: str, file: Path) -> None:
    """Keep what was changed in a file that `one_file` gave. Raises StoreUnreachable."""
    if is_shared() and is_stored(path):
        replace_file(path, file)


def remove(path: str) -> None:
    """Delete the folder here and in the store; copies on other machines go when they next fetch something."""
    shutil.rmtree(work_folder(path), ignore_errors=True)
    if not is_shared():
        return
    drop_copy(path)
    try:
        remove_stored(path)
    except StoreUnreachable as error:
        logger.warning("%s stays in the store: %s", path, error)


def remove_work(path: str) -> None:
    """Drop what a run wrote here once the store has it; without a store it is the bundle itself and stays."""
    if is_shared() and is_stored(path):
        shutil.rmtree(work_folder(path), ignore_errors=True)


def paths_of(parent: str, prefix: str) -> list[str]:
    """Folders of `parent` whose names begin so, here or in the store; half-written ones, behind a dot, too."""
    here = [each for begin in (prefix, f".{prefix}") for each in work_folder(parent).glob(f"{begin}*")]
    found = {f"{parent}/{each.name}" for each in here}
    if is_shared():
        try:
            found |= {path for path in stored_folders(parent) if path.startswith(f"{parent}/{prefix}")}
        except StoreUnreachable as error:
            logger.warning("what was left in the store is not looked for: %s", error)
    return sorted(found)


@contextmanager
def _as_it_is(path: Path) -> Iterator[Path]:
    yield path
