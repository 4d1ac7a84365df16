"""The shared store of bundles and data snapshots: folders of files, each with a list of digests that is written last.

A store is whatever Django's storages take: a folder that machines share, or S3. A folder without its list is still
being written, or being removed, and is nowhere taken for a bundle.
"""

import hashlib
import json
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage, storages

from recommender import ml

STORE = "bundles"
LIST = "stored.json"
_CHUNK_BYTES = 1 << 20


class StoreUnreachable(ml.BundleError):
    """The store does not answer, or not as it should: what it holds may be sound. Try again later."""


@dataclass(frozen=True)
class StoredFile:
    """A file of a stored folder; `kept` says whether a machine that reads it may keep a copy."""

    name: str
    sha256: str
    n_bytes: int
    kept: bool = True


def is_shared() -> bool:
    """Whether bundles lie in a store that several machines read; otherwise they stay where they were written."""
    return STORE in settings.STORAGES


def store_folder(path: str, folder: Path, *, never_kept: Collection[str] = ()) -> None:
    """Copy the files of `folder` into the store as `path`. Raises StoreUnreachable."""
    files = [file for file in sorted(folder.iterdir()) if file.is_file() and file.name != LIST]
    for file in files:
        _put_file(f"{path}/{file.name}", file)
    _put_list(path, [_described(file, kept=file.name not in never_kept) for file in files])


def replace_file(path: str, file: Path) -> None:
    """Put another content in the place of a stored file of this name; until the list follows, it counts as damaged."""
    files = stored_files(path)
    _put_file(f"{path}/{file.name}", file)
    _put_list(path, [_described(file, kept=each.kept) if each.name == file.name else each for each in files])


def stored_files(path: str) -> list[StoredFile]:
    """What the list of the folder says. Raises BundleMissing, BundleCorrupt and StoreUnreachable."""
    try:
        with _store().open(f"{path}/{LIST}") as file:
            listed = json.loads(file.read())
        return [StoredFile(**each) for each in listed["files"]]
    except FileNotFoundError as error:
        raise ml.BundleMissing(f"{path} is not in the store; it was removed, or never finished: train again") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ml.BundleCorrupt(f"{path}/{LIST} in the store cannot be read ({error}); train again") from error
    except Exception as error:  # each kind of storage has errors of its own
        raise _unreachable(error) from error


def is_stored(path: str) -> bool:
    """Whether the folder is there as a whole. Raises StoreUnreachable."""
    try:
        return _store().exists(f"{path}/{LIST}")
    except Exception as error:
        raise _unreachable(error) from error


def fetch_file(path: str, stored: StoredFile, folder: Path) -> Path:
    """Copy a stored file into `folder`. Raises BundleCorrupt where it is not the listed one, StoreUnreachable."""
    target, digest = folder / stored.name, hashlib.sha256()
    try:
        with _store().open(f"{path}/{stored.name}") as source, target.open("wb") as copy:
            while chunk := source.read(_CHUNK_BYTES):
                digest.update(chunk)
                copy.write(chunk)
    except FileNotFoundError as error:
        raise ml.BundleCorrupt(f"{path}/{stored.name} is not in the store; train again") from error
    except Exception as error:
        raise _unreachable(error) from error
    if digest.hexdigest() != stored.sha256:
        found = digest.hexdigest()[:12]
        raise ml.BundleCorrupt(f"{path}/{stored.name} in the store has sha256 {found}…, not {stored.sha256[:12]}…")
    return target


def remove_stored(path: str) -> None:
    """Delete the folder from the store, its list first; nothing where it is not there. Raises StoreUnreachable."""
    store = _store()
    try:
        store.delete(f"{path}/{LIST}")
        for name in _listed(path)[1]:
            store.delete(f"{path}/{name}")
        with suppress(FileNotFoundError):
            store.delete(path)  # a folder of its own where the store has such
    except Exception as error:
        raise _unreachable(error) from error


def stored_folders(parent: str) -> list[str]:
    """Paths of the folders in `parent`, whole or not. Raises StoreUnreachable."""
    try:
        return [f"{parent}/{name}" for name in _listed(parent)[0]]
    except Exception as error:
        raise _unreachable(error) from error


def _store() -> Storage:
    return storages[STORE]


def _listed(path: str) -> tuple[list[str], list[str]]:
    try:
        return _store().listdir(path)
    except FileNotFoundError:
        return [], []


def _described(file: Path, *, kept: bool) -> StoredFile:
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return StoredFile(file.name, digest, file.stat().st_size, kept)


def _put_file(name: str, file: Path) -> None:
    with file.open("rb") as content:
        _put(name, File(content))


def _put_list(path: str, files: list[StoredFile]) -> None:
    described = json.dumps({"files": [asdict(each) for each in files]}, indent=1)
    _put(f"{path}/{LIST}", ContentFile(described.encode()))


def _put(name: str, content: "File[Any]") -> None:
    try:
        saved = _store().save(name, content)
    except Exception as error:
        raise _unreachable(error) from error
    if saved != name:
        raise StoreUnreachable(f"the store keeps {name} as {saved}; let it overwrite files (allow_overwrite)")


def _unreachable(error: Exception) -> StoreUnreachable:
    if isinstance(error, StoreUnreachable):
        return error
    return StoreUnreachable(f"the store of bundles cannot be used ({error}); see BUNDLES_STORE and its keys")
