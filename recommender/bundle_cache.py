"""This machine's copies of what lies in the shared store: checked, renamed into place, the least used given up.

Web processes and workers of a machine share them. A copy may vanish while it is being opened: whoever cannot open it
fetches it once more.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

from recommender.bundle_store import LIST, StoreUnreachable, fetch_file, is_stored, stored_files

BYTES_A_MEGABYTE = 1_000_000
N_LOCKS = 16
ASIDE = ".aside-"
ASIDE_FORGOTTEN_AFTER_SECONDS = 3600.0


def cached_folder(path: str) -> Path:
    """A copy of the stored folder, fetched when it is not there.

    Raises BundleMissing, BundleCorrupt and StoreUnreachable.
    """
    target = cache_place(path)
    if not _used(target):
        with _only_one_fetches(path):
            if not _used(target):
                _fetch(path, target)
                _make_room(spared=target)
    return target


def cache_place(path: str) -> Path:
    """Where the copy lies, or would."""
    return _root() / path


def drop_copy(path: str) -> None:
    """Give up the copy; what a process has open stays readable for it."""
    target = cache_place(path)
    aside = target.with_name(f"{ASIDE}{target.name}-{os.getpid()}-{time.monotonic_ns()}")
    with suppress(FileNotFoundError):
        target.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def passing_copy(path: str, name: str) -> Iterator[Path]:
    """A copy of one stored file that is gone afterwards. Raises what `cached_folder` raises."""
    stored = next((each for each in stored_files(path) if each.name == name), None)
    _root().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=ASIDE, dir=_root()) as folder:
        yield fetch_file(path, stored, Path(folder)) if stored else Path(folder) / name


def _root() -> Path:
    return Path(settings.BUNDLES_CACHE_DIR)


def _used(target: Path) -> bool:
    """Whether the copy is there; notes that it has been of use."""
    try:
        os.utime(target / LIST)
    except OSError:
        return False
    return True


@contextmanager
def _only_one_fetches(path: str) -> Iterator[None]:
    """The other processes and threads of this machine wait instead of fetching the same."""
    _root().mkdir(parents=True, exist_ok=True)
    number = int(hashlib.sha256(path.encode()).hexdigest(), 16) % N_LOCKS
    with (_root() / f".lock-{number}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(path: str, target: Path) -> None:
    files = stored_files(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f"{ASIDE}{target.name}-", dir=target.parent))
    try:
        for stored in files:
            if stored.kept:
                fetch_file(path, stored, aside)
        (aside / LIST).touch()
        aside.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        aside.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _make_room(*, spared: Path) -> None:
    """Drop copies of what the store no longer has, then the least recently used until the rest fits."""
    _remove_what_was_left_aside()
    copies = sorted((file.parent for file in _root().glob(f"*/*/{LIST}")), key=_last_use)
    copies = [copy for copy in copies if copy != spared and not _dropped_where_gone(copy)]
    room = settings.BUNDLES_CACHE_MB * BYTES_A_MEGABYTE - n_bytes(spared) - sum(map(n_bytes, copies))
    for copy in copies:
        if room >= 0:
            return
        room += n_bytes(copy)
        drop_copy(str(copy.relative_to(_root())))


def n_bytes(folder: Path) -> int:
    """Bytes of a folder's files; those that vanish meanwhile count nothing."""
    total = 0
    for file in folder.glob("*"):
        with suppress(FileNotFoundError):
            total += file.stat().st_size
    return total


def _dropped_where_gone(copy: Path) -> bool:
    path = str(copy.relative_to(_root()))
    try:
        if is_stored(path):
            return False
    except StoreUnreachable:
        return False
    drop_copy(path)
    return True


def _last_use(copy: Path) -> float:
    with suppress(FileNotFoundError):
        return (copy / LIST).stat().st_mtime
    return 0.0


def _remove_what_was_left_aside() -> None:
    """What a killed process was fetching; nobody fetches for that long."""
    long_ago = time.time() - ASIDE_FORGOTTEN_AFTER_SECONDS
    for aside in [*_root().glob(f"{ASIDE}*"), *_root().glob(f"*/{ASIDE}*")]:
        with suppress(FileNotFoundError):
            if aside.stat().st_mtime < long_ago:
                shutil.rmtree(aside, ignore_errors=True)
