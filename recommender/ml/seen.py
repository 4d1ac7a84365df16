"""Which documents a ranker has seen in training, as 8 bytes each: no comparison may be made on them."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from recommender.ml.errors import BundleCorrupt
from recommender.ml.examples import Example

_HASH_BYTES = 8


class HashedExamples:
    """Examples as hashes of 8 bytes; a subclass says what of an example is hashed."""

    def __init__(self, hashes: Iterable[bytes]) -> None:
        self._hashes = frozenset(hashes)

    @staticmethod
    def hashes_of(example: Example) -> set[bytes]:
        """What an example is known by; it is among the others where they share any."""
        raise NotImplementedError

    @classmethod
    def of(cls, examples: Iterable[Example]) -> Self:
        """These examples; one without a hash leaves no trace."""
        return cls(each for example in examples for each in cls.hashes_of(example))

    def __contains__(self, example: Example) -> bool:
        return not self._hashes.isdisjoint(self.hashes_of(example))

    def __or__(self, other: Self) -> Self:
        return type(self)(self._hashes | other._hashes)

    def save(self, path: Path) -> None:
        """Write the hashes, in ascending order."""
        path.write_bytes(b"".join(sorted(self._hashes)))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises BundleCorrupt when the file cannot be read."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise BundleCorrupt(f"{path} cannot be read ({error})") from error
        if len(content) % _HASH_BYTES:
            raise BundleCorrupt(f"{path} is cut off at {len(content)} bytes")
        return cls(content[start : start + _HASH_BYTES] for start in range(0, len(content), _HASH_BYTES))


class SeenDocuments(HashedExamples):
    """Documents by id, and all siblings in their groups."""

    @staticmethod
    def hashes_of(example: Example) -> set[bytes]:
        """Of id and group, where it has them."""
        named = {"document": example.document_id, "group": example.group}
        return {
            hashlib.sha256(f"{kind} {name}".encode()).digest()[:_HASH_BYTES] for kind, name in named.items() if name
        }
