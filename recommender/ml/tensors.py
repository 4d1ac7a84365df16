"""Tensors in safetensors form, read back as views of the mapped file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

_HEADER_LENGTH_BYTES = 8
_DTYPES = {
    "F16": np.float16, "F32": np.float32, "F64": np.float64, "U8": np.uint8, "U16": np.uint16, "U32": np.uint32,
    "I8": np.int8, "I16": np.int16, "I32": np.int32, "I64": np.int64, "BOOL": np.bool_,
}  # fmt: skip


def tensors_as_bytes(tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """The file's content; equal tensors give equal bytes."""
    serialised: bytes = save({name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)})
    return serialised


def mapped_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """Read-only arrays whose pages come from disk when they are touched; raises ValueError when malformed."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_HEADER_LENGTH_BYTES), "little")
        if length > path.stat().st_size:
            raise ValueError(f"header of {length} bytes in a file of {path.stat().st_size}")
        header = json.loads(file.read(length))
    pages = np.memmap(path, np.uint8, "r", offset=_HEADER_LENGTH_BYTES + length) if _has_content(header) else None
    return {name: _view(pages, described) for name, described in header.items() if name != "__metadata__"}


def _has_content(header: Mapping[str, Any]) -> bool:
    return any(entry["data_offsets"][1] > 0 for name, entry in header.items() if name != "__metadata__")


def _view(pages: NDArray[np.uint8] | None, described: Mapping[str, Any]) -> NDArray[Any]:
    dtype = np.dtype(_DTYPES[described["dtype"]])
    start, end = described["data_offsets"]
    content = np.empty(0, np.uint8) if pages is None else np.asarray(pages[start:end])
    return content.view(dtype).reshape(described["shape"])
