"""Data snapshots: what a run learnt from is written beside its bundle, and read again when the run is repeated."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from recommender import bundle_folders, ml, registry
from recommender.example_files import (
    PlacedExample,
    SnapshotUnreadable,
    document_ids,
    file_digest,
    read_about,
    read_examples,
    rewrite_without,
    write_examples,
)
from recommender.models import DataSnapshot, ModelVersion, TrainingRun
from recommender.parts import Parts, Recipe, Repeated
from recommender.pool_files import write_pool
from recommender.training_data import TrainingData
from tagplatform.common.errors import Conflict
from tagplatform.content.models import Document
from tagplatform.taxonomy.models import Vocabulary

logger = logging.getLogger(__name__)

EXAMPLES_FILE, POOL_FILE = "examples.parquet", "pool.parquet"


@dataclass(frozen=True)
class WrittenSnapshot:
    """Files that are written and not registered yet: their folder, SHA-256 of the examples, and sizes."""

    path: str
    digest: str
    n_bytes: int
    n_cells: int


class SnapshotNotWritten(Exception):
    """The disk is full, or the folder of bundles cannot be written to."""


def write_snapshot(*, run: TrainingRun, data: TrainingData, parts: Parts, recipe: Recipe) -> WrittenSnapshot:
    """Write examples and pool into a folder of the run's attempt. Nothing is registered yet.

    Raises SnapshotNotWritten and StoreUnreachable.
    """
    folder = bundle_folders.work_folder(registry.reserve_bundle_path(run, "data"))
    try:
        folder.mkdir(parents=True)
        write_examples(folder / EXAMPLES_FILE, _placed(data, parts), _about(data, recipe))
        write_pool(folder / POOL_FILE, data.pool)
    except OSError as error:
        raise SnapshotNotWritten(
            f"cannot write {folder}: {error.strerror or error}; free space or fix rights"
        ) from error
    path = str(folder.relative_to(settings.BUNDLES_DIR))
    bundle_folders.publish(path, never_kept=[EXAMPLES_FILE])
    n_bytes = sum(file.stat().st_size for file in folder.iterdir())
    return WrittenSnapshot(path, file_digest(folder / EXAMPLES_FILE), n_bytes, len(data.pool))


def register_snapshot(
    *, run: TrainingRun, written: WrittenSnapshot, data: TrainingData, version: ModelVersion
) -> DataSnapshot:
    """Keep what `write_snapshot` wrote, and which bundle it became."""
    return DataSnapshot.objects.create(
        vocabulary=run.vocabulary,
        training_run=run,
        path=written.path,
        digest=written.digest,
        n_bytes=written.n_bytes,
        n_examples=len(data.examples) + len(data.blind),
        n_cells=written.n_cells,
        bundle_digest=version.bundle_digest,
        refitted=version.bundle_path != version.evaluated_path,
    )


def pool_file(snapshot: DataSnapshot) -> Path:
    """The decided cells of the snapshot; may be missing."""
    return bundle_folders.folder_or_nothing(snapshot.path) / POOL_FILE


def examples_file(snapshot: DataSnapshot) -> AbstractContextManager[Path]:
    """Its examples for a while: they are texts, of which no machine keeps a copy. Raises ml.BundleError."""
    return bundle_folders.one_file(snapshot.path, EXAMPLES_FILE)


def open_snapshot(snapshot: DataSnapshot) -> Repeated:
    """The examples as they were. Conflict where files are gone, changed or damaged."""
    if not snapshot.is_ready:
        raise Conflict(
            _("%(snapshot)s cannot be learnt from again: %(status)s.")
            % {"snapshot": snapshot.public_id, "status": snapshot.get_status_display()},
            code="snapshot_not_ready",
        )
    try:
        with examples_file(snapshot) as path:
            return _read(path, snapshot.digest)
    except (SnapshotUnreadable, ml.BundleError) as error:
        raise Conflict(
            _("The files of %(snapshot)s cannot be read: %(error)s") % {"snapshot": snapshot.public_id, "error": error},
            code="snapshot_unreadable",
        ) from error


def read_written(written: WrittenSnapshot) -> Repeated:
    """The examples of a snapshot that is not registered yet. Raises SnapshotUnreadable and ml.BundleError.

    Documents that have been erased since make it unreadable: nothing may be learnt from them any more.
    """
    with bundle_folders.one_file(written.path, EXAMPLES_FILE) as path:
        if any(_erased(keys) for keys in document_ids(path)):
            raise SnapshotUnreadable(f"documents of {written.path} have been erased")
        return _read(path, written.digest)


def _read(path: Path, digest: str) -> Repeated:
    found = file_digest(path)
    if found != digest:
        raise SnapshotUnreadable(f"digest {found} on disk, {digest} registered")
    return _repeated(read_about(path), list(read_examples(path)))


def remove_old_snapshots(vocabulary: Vocabulary) -> int:
    """Delete the files of all but the newest snapshots, whose rows stay; returns how many."""
    ready = DataSnapshot.objects.filter(vocabulary=vocabulary).exclude(status=DataSnapshot.Status.DELETED)
    old = list(ready.order_by("-id")[settings.SNAPSHOTS_KEPT :])
    DataSnapshot.objects.filter(pk__in=[each.pk for each in old]).update(status=DataSnapshot.Status.DELETED)
    for each in old:
        bundle_folders.remove(each.path)
    return len(old)


def erase_forgotten_texts() -> int:
    """Take documents that have been erased out of every snapshot that holds them; returns how many snapshots."""
    held = DataSnapshot.objects.exclude(status=DataSnapshot.Status.DELETED)
    return sum(_erase_forgotten(snapshot) for snapshot in held.order_by("pk"))


def _erase_forgotten(snapshot: DataSnapshot) -> bool:
    try:
        with examples_file(snapshot) as path:
            gone = {key for keys in document_ids(path) for key in _erased(keys)}
            if not gone:
                return False
            rewrite_without(path, gone)
            bundle_folders.put_back(snapshot.path, path)
            digest = file_digest(path)
    except (SnapshotUnreadable, ml.BundleError) as error:
        logger.warning("erased documents are still in %s: %s", snapshot.public_id, error)
        return False
    DataSnapshot.objects.filter(pk=snapshot.pk).update(status=DataSnapshot.Status.ERASED, digest=digest)
    return True


def _erased(keys: Sequence[str]) -> set[str]:
    stored = Document.objects.filter(pk__in=keys).values_list("pk", flat=True)
    return set(keys).difference(str(key) for key in stored)


def _placed(data: TrainingData, parts: Parts) -> Iterator[PlacedExample]:
    """In the order of the data, blind ones last."""
    part_by_id = {id(example): name for name in ("train", "dev", "test") for example in getattr(parts, name)}
    for example in data.examples:
        yield PlacedExample(part_by_id[id(example)], example)
    for example in data.blind:
        yield PlacedExample("blind", example)


def _about(data: TrainingData, recipe: Recipe) -> dict[str, Any]:
    space = data.label_space
    return {
        "recipe": recipe.name,
        "config": recipe.config,
        "seed": recipe.seed,
        "precision_target": recipe.precision_target,
        "replay": recipe.replay,
        "tag_ids": space.tag_ids,
        "selection_mode": space.selection_mode,
        "exclusive_groups": space.exclusive_groups,
        "tag_texts": [
            [text.label, list(text.synonyms), text.definition, list(text.parents)] for text in data.tag_texts
        ],
        "data_digest": data.digest,
        "evidence": dict(data.evidence),
    }


def _repeated(about: dict[str, Any], placed: list[PlacedExample]) -> Repeated:
    groups = tuple(tuple(group) for group in about["exclusive_groups"])
    by_part = {name: [each.example for each in placed if each.part == name] for name in ("train", "dev", "test")}
    blind = [each.example for each in placed if each.part == "blind"]
    data = TrainingData(
        [each.example for each in placed if each.part != "blind"],
        ml.LabelSpace(tuple(about["tag_ids"]), about["selection_mode"], groups),
        tuple(
            ml.TagText(label, tuple(synonyms), definition, tuple(parents))
            for label, synonyms, definition, parents in about["tag_texts"]
        ),
        about["data_digest"],
        blind,
        evidence=about["evidence"],
    )
    parts = Parts(by_part["train"], by_part["dev"], by_part["test"] + blind)
    recipe = Recipe(about["recipe"], about["config"], about["seed"], about["precision_target"], about.get("replay"))
    return Repeated(data, parts, recipe)
