"""Files as the command line names them: one by one, or as a folder that holds all of a data set."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from recommender.ml.errors import DataMissing

_ENDINGS = (".jsonl.gz", ".jsonl")


def existing_file(raw: str) -> Path:
    """A path that can be read, for argparse."""
    path = Path(raw)
    if not path.is_file():
        hint = "; a folder is named with --data" if path.is_dir() else ""
        raise argparse.ArgumentTypeError(f"no file at {raw}{hint}")
    return path


def existing_folder(raw: str) -> Path:
    """A folder that can be read, for argparse."""
    path = Path(raw)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"no folder at {raw}")
    return path


def settings_argument(raw: str) -> str:
    """A JSON object as argparse takes it, still as text."""
    if not isinstance(json.loads(raw), dict):
        raise ValueError(raw)
    return raw


def with_files_of_folder(chosen: argparse.Namespace, parts: Mapping[str, str], *, optional: str) -> argparse.Namespace:
    """The arguments with what is not named taken from --data: `parts` says which part each of them is.

    Raises DataMissing where a part is neither named nor there; the one named `optional` may be missing.
    """
    for argument, part in parts.items():
        if getattr(chosen, argument) is None:
            setattr(chosen, argument, _file_of(chosen.data, part))
        if getattr(chosen, argument) is None and argument != optional:
            where = f"{chosen.data} has no {part}.jsonl.gz" if chosen.data else f"no {part} file is named"
            raise DataMissing(f"{where}: name it with --{argument}, or a folder that has {part}.jsonl.gz with --data")
    return chosen


def _file_of(folder: Path | None, part: str) -> Path | None:
    if folder is None:
        return None
    found = (folder / f"{part}{ending}" for ending in _ENDINGS)
    return next((path for path in found if path.is_file()), None)
