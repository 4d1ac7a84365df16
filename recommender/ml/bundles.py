"""Bundles: a trained model as a directory of JSON, safetensors and ONNX, with digests and no code."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recommender.ml.calibration import Calibration
from recommender.ml.errors import (
    BundleCorrupt,
    BundleExists,
    BundleMissing,
    BundleUnwritable,
    BundleVersionUnsupported,
    ConfigInvalid,
)
from recommender.ml.examples import LabelSpace
from recommender.ml.parts import ModelParts
from recommender.ml.ranker import Ranker
from recommender.ml.recipes import config_from_json, recipe_named
from recommender.ml.settings_json import config_as_json
from recommender.ml.tensors import mapped_tensors, tensors_as_bytes
from recommender.ml.training import TrainedRanker

FORMAT_VERSION = 1
MANIFEST, WORDS, TENSORS, CALIBRATION = "manifest.json", "words.json", "model.safetensors", "calibration.safetensors"
REPORT = "report.json"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` says about a bundle."""

    recipe: str
    config: Mapping[str, Any]
    settings: Mapping[str, Any]
    label_space: LabelSpace
    seed: int
    n_train: int
    graphs: tuple[str, ...]
    files: tuple[str, ...]
    sha256_by_file: Mapping[str, str]
    digest: str


def save_bundle(trained: TrainedRanker, directory: Path, *, extra_files: Mapping[str, bytes] | None = None) -> Manifest:
    """Write the bundle beside its place and rename it there; after an error nothing of it stays.

    `extra_files` are bytes by plain file name (a report, held-out predictions). Raises BundleExists and
    BundleUnwritable.
    """
    if directory.exists():
        raise BundleExists(f"{directory} is already there; bundles are never overwritten, name another place")
    files = _model_files(trained) | _checked_names(extra_files or {})
    manifest = _manifest(trained, files)
    files[MANIFEST] = _json_bytes(_manifest_as_json(manifest))
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        _write_and_rename(files, directory)
    except OSError as error:
        raise BundleUnwritable(
            f"cannot write {directory}: {error.strerror or error}; free space or fix rights"
        ) from error
    return manifest


def open_bundle(directory: Path, *, verify: bool = True, threads: int = 1) -> Ranker:
    """A ranker from a bundle; large tables stay on disk, mapped into memory.

    `verify` compares every file with its digest. Raises BundleMissing, BundleCorrupt,
    BundleVersionUnsupported, RecipeUnknown.
    """
    manifest = read_manifest(directory)
    if verify:
        verify_bundle(directory)
    try:
        return _opened(directory, manifest, threads)
    except (OSError, ValueError, KeyError) as error:
        raise BundleCorrupt(f"{directory} cannot be read ({error}); restore it or train again") from error


def open_trained(directory: Path, *, threads: int = 1) -> TrainedRanker:
    """The bundle as it was trained, to be updated; its files are compared with their digests.

    Raises what `open_bundle` raises, and BundleVersionUnsupported where its settings are no longer known.
    """
    manifest = read_manifest(directory)
    verify_bundle(directory)
    try:
        config = config_from_json(manifest.recipe, manifest.config)
        parts, calibration = _read_parts(directory, manifest)
        ranker = _ranker(manifest, parts, calibration, threads)
    except ConfigInvalid as error:
        raise BundleVersionUnsupported(f"{directory} was trained with other settings ({error}); train again") from error
    except (OSError, ValueError, KeyError) as error:
        raise BundleCorrupt(f"{directory} cannot be read ({error}); restore it or train again") from error
    known = (manifest.label_space, manifest.recipe, config, manifest.seed, manifest.n_train)
    return TrainedRanker(ranker, parts, calibration, *known)


def read_manifest(directory: Path) -> Manifest:
    """The manifest alone; opens no model file."""
    path = directory / MANIFEST
    if not path.is_file():
        raise BundleMissing(f"no bundle at {directory}: {MANIFEST} is not there; train a model first")
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        version = raw["format_version"]
        if version != FORMAT_VERSION:
            raise BundleVersionUnsupported(
                f"{directory} has format {version}, this program reads {FORMAT_VERSION}; upgrade or train again"
            )
        return _manifest_from_json(raw)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleCorrupt(f"{path} cannot be read ({error}); restore it or train again") from error


def verify_bundle(directory: Path) -> None:
    """Raise BundleCorrupt unless every file is what the manifest says, and the manifest what it was."""
    manifest = read_manifest(directory)
    for name, expected in manifest.sha256_by_file.items():
        found = _file_digest(directory / name)
        if found != expected:
            raise BundleCorrupt(
                f"{directory / name} has sha256 {found[:12]}…, not {expected[:12]}…; restore it or train again"
            )
    total = _total_digest(_described(manifest), manifest.sha256_by_file)
    if total != manifest.digest:
        raise BundleCorrupt(f"{directory / MANIFEST} was altered: digest {total[:12]}…, not {manifest.digest[:12]}…")


def _model_files(trained: TrainedRanker) -> dict[str, bytes]:
    parts, calibration = trained.parts, trained.calibration
    numbers = {
        "slopes": calibration.slopes,
        "offsets": calibration.offsets,
        "thresholds": calibration.thresholds,
    }
    return {
        WORDS: _json_bytes(list(parts.words)),
        TENSORS: tensors_as_bytes(parts.tensors),
        CALIBRATION: tensors_as_bytes(numbers),
        **parts.graphs,
        **parts.files,
        **({REPORT: _json_bytes(parts.report)} if parts.report else {}),
    }


def _checked_names(files: Mapping[str, bytes]) -> dict[str, bytes]:
    taken = {MANIFEST, WORDS, TENSORS, CALIBRATION}
    for name in files:
        if Path(name).name != name or name.startswith(".") or name in taken or name.endswith(".onnx"):
            raise ValueError(f"an extra file is a plain name of its own, not {name!r}")
    return dict(files)


def _manifest(trained: TrainedRanker, files: Mapping[str, bytes]) -> Manifest:
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    manifest = Manifest(
        trained.recipe,
        config_as_json(trained.config),
        dict(trained.parts.settings),
        trained.label_space,
        trained.seed,
        trained.n_train,
        tuple(sorted(trained.parts.graphs)),
        tuple(sorted(trained.parts.files)),
        digests,
        "",
    )
    return Manifest(**{**vars(manifest), "digest": _total_digest(_described(manifest), digests)})


def _described(manifest: Manifest) -> dict[str, Any]:
    groups = manifest.label_space.exclusive_groups
    return {
        "format_version": FORMAT_VERSION,
        "recipe": manifest.recipe,
        "config": dict(manifest.config),
        "settings": dict(manifest.settings),
        "selection_mode": manifest.label_space.selection_mode,
        "tag_ids": list(manifest.label_space.tag_ids),
        "seed": manifest.seed,
        "n_train": manifest.n_train,
        "graphs": list(manifest.graphs),
        **({"files": list(manifest.files)} if manifest.files else {}),
        **({"exclusive_groups": [list(group) for group in groups]} if groups else {}),
    }


def _manifest_as_json(manifest: Manifest) -> dict[str, Any]:
    return _described(manifest) | {"sha256": dict(manifest.sha256_by_file), "digest": manifest.digest}


def _manifest_from_json(raw: Mapping[str, Any]) -> Manifest:
    groups = tuple(tuple(group) for group in raw.get("exclusive_groups", ()))
    return Manifest(
        raw["recipe"],
        raw["config"],
        raw["settings"],
        LabelSpace(tuple(raw["tag_ids"]), raw["selection_mode"], groups),
        raw["seed"],
        raw["n_train"],
        tuple(raw["graphs"]),
        tuple(raw.get("files", ())),
        raw["sha256"],
        raw["digest"],
    )


def _total_digest(described: Mapping[str, Any], digests: Mapping[str, str]) -> str:
    return hashlib.sha256(_json_bytes({"manifest": described, "sha256": digests})).hexdigest()


def _json_bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode()


def _file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise BundleCorrupt(f"{path} cannot be read ({error}); restore it or train again") from error
    return digest.hexdigest()


def _write_and_rename(files: Mapping[str, bytes], directory: Path) -> None:
    aside = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        for name, content in files.items():
            _write_synced(aside / name, content)
        aside.chmod(0o755)
        _sync_directory(aside)
        aside.rename(directory)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    _sync_directory(directory.parent)


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _opened(directory: Path, manifest: Manifest, threads: int) -> Ranker:
    return _ranker(manifest, *_read_parts(directory, manifest), threads)


def _read_parts(directory: Path, manifest: Manifest) -> tuple[ModelParts, Calibration]:
    words = tuple(json.loads((directory / WORDS).read_text(encoding="utf-8")))
    graphs = {name: (directory / name).read_bytes() for name in manifest.graphs}
    files = {name: (directory / name).read_bytes() for name in manifest.files}
    report = json.loads((directory / REPORT).read_text(encoding="utf-8")) if REPORT in manifest.sha256_by_file else {}
    tensors = mapped_tensors(directory / TENSORS)
    numbers = {name: np.array(tensor) for name, tensor in mapped_tensors(directory / CALIBRATION).items()}
    calibration = Calibration(numbers["slopes"], numbers["offsets"], numbers["thresholds"])
    return ModelParts(manifest.settings, words, tensors, graphs, files, report=report), calibration


def _ranker(manifest: Manifest, parts: ModelParts, calibration: Calibration, threads: int) -> Ranker:
    label_space = manifest.label_space
    recipe = recipe_named(manifest.recipe)
    return Ranker(
        label_space=label_space,
        recipe=manifest.recipe,
        scorer=recipe.scorer(parts, n_labels=label_space.n_labels, threads=threads),
        calibration=calibration,
        digest=manifest.digest,
    )
