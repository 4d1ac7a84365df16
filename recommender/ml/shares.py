"""Which cases belong to a share of all: the same for the same key, and independent between purposes."""

from hashlib import blake2b

_STEPS = 1 << 64


def place_of(key: bytes, purpose: str) -> float:
    """A number in [0, 1) that looks drawn at random; equal for equal keys and purposes."""
    digest = blake2b(key, digest_size=8, person=purpose.encode()[:16]).digest()
    return int.from_bytes(digest, "big") / _STEPS


def falls_into_share(key: bytes, share: float, *, purpose: str) -> bool:
    """Whether the case is one of `share` (0 to 1) of all; who is in a small share is in every greater one."""
    return place_of(key, purpose) < share
