"""Which documents a ranker has seen in training, as 8 bytes each: no comparison may be made on them."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from recommender.ml.errors import BundleCorrupt
from recommender.ml.examples import Example

_HASH_BYTES = 8


class SeenDocuments:
    """Documents by id, and all siblings in their groups."""

    def __init__(self, hashes: Iterable[bytes]) -> None:
        self._hashes = frozenset(hashes)

    @classmethod
    def of(cls, examples: Iterable[Example]) -> "SeenDocuments":
        """These examples; one without id and group leaves no trace."""
        return cls(each for example in examples for each in _hashes(example))

    def __contains__(self, example: Example) -> bool:
        return not self._hashes.isdisjoint(_hashes(example))

    def save(self, path: Path) -> None:
        """Write the hashes, in ascending order."""
        path.write_bytes(b"".join(sorted(self._hashes)))

    @classmethod
    def load(cls, path: Path) -> "SeenDocuments":
        """Raises BundleCorrupt when the file cannot be read."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise BundleCorrupt(f"{path} cannot be read ({error})") from error
        if len(content) % _HASH_BYTES:
            raise BundleCorrupt(f"{path} is cut off at {len(content)} bytes")
        return cls(content[start : start + _HASH_BYTES] for start in range(0, len(content), _HASH_BYTES))


def _hashes(example: Example) -> set[bytes]:
    named = {"document": example.document_id, "group": example.group}
    return {hashlib.sha256(f"{kind} {name}".encode()).digest()[:_HASH_BYTES] for kind, name in named.items() if name}
