"""Secrets that must be read again are encrypted at rest, with keys that follow from SECRET_KEY.

Fernet (AES-128-CBC with HMAC-SHA256) under HKDF-SHA256 (RFC 5869) of SECRET_KEY; what was encrypted under a key of
SECRET_KEY_FALLBACKS can still be read.
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_PURPOSE = b"tagplatform: secrets at rest, 1"


class Undecryptable(Exception):
    """No key of this installation reads it: SECRET_KEY has changed, or it was written elsewhere."""


def encrypted(text: str) -> str:
    """A token that holds the text, different each time; about 1.4 times as long as the text, and 100 characters."""
    return _keys().encrypt(text.encode()).decode()


def decrypted(token: str) -> str:
    """The text in the token. Raises Undecryptable."""
    try:
        return _keys().decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise Undecryptable("neither SECRET_KEY nor any of SECRET_KEY_FALLBACKS reads it") from error


def encrypted_anew(token: str) -> str:
    """A token of the same text and time under SECRET_KEY itself. Raises Undecryptable."""
    try:
        return _keys().rotate(token.encode()).decode()
    except InvalidToken as error:
        raise Undecryptable("neither SECRET_KEY nor any of SECRET_KEY_FALLBACKS reads it") from error


def _keys() -> MultiFernet:
    """Encrypts under the first, reads with any."""
    return MultiFernet([_key_of(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


@lru_cache(maxsize=8)
def _key_of(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
