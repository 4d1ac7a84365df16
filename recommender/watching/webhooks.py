"""Post signed JSON to an address that is not on our own network (standardwebhooks.com, specification 1.0)."""

import base64
import hashlib
import hmac
import http.client
import ipaddress
import json
import socket
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from recommender.models.alerts import SECRET_PREFIX

TIMEOUT_SECONDS = 10.0
_PORTS = {"https": 443, "http": 80}


class NotDelivered(Exception):
    """The message has not arrived; says why."""


def signature(*, secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of id, timestamp and body, as the receiver computes it with the same secret."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def post_signed(*, url: str, secret: str, message_id: str, payload: Mapping[str, Any]) -> None:
    """Post once; redirects are not followed. Raises NotDelivered unless the answer is 2xx."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise NotDelivered(f"“{url}” is no http or https address")
    if parts.scheme == "http" and not settings.WEBHOOKS_TO_PRIVATE_ADDRESSES:
        raise NotDelivered("only https is allowed; see WEBHOOKS_TO_PRIVATE_ADDRESSES")
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    timestamp = int(timezone.now().timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "tag-platform",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret=secret, message_id=message_id, timestamp=timestamp, body=body),
    }
    port = parts.port or _PORTS[parts.scheme]
    address = _allowed_address(parts.hostname, port)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connection(parts.scheme, parts.hostname, port, address)
    try:
        connection.request("POST", path, body=body, headers=headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise NotDelivered(f"{parts.hostname}: {str(error) or type(error).__name__}") from error
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise NotDelivered(f"{parts.hostname} answered {status}")


def _allowed_address(host: str, port: int) -> str:
    """An address of the host; none is taken where any is private, so that no name leads into our own network."""
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError as error:
        raise NotDelivered(f"{host} is not known: {error}") from error
    if not settings.WEBHOOKS_TO_PRIVATE_ADDRESSES:
        private = [address for address in found if not _is_public(address)]
        if private:
            raise NotDelivered(f"{host} is {private[0]}, a private address; see WEBHOOKS_TO_PRIVATE_ADDRESSES")
    return found[0]


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None)
    return (mapped or parsed).is_global and not parsed.is_multicast


def _connection(scheme: str, host: str, port: int, address: str) -> http.client.HTTPConnection:
    """To the very address that was looked at: the name is not asked for again, the certificate is still the host's."""
    if scheme == "https":
        context = ssl.create_default_context()
        connection: http.client.HTTPConnection = _PinnedHTTPS(host, port, timeout=TIMEOUT_SECONDS, context=context)
    else:
        connection = _Pinned(host, port, timeout=TIMEOUT_SECONDS)
    connection.pinned = address  # type: ignore[attr-defined]
    return connection


class _Pinned(http.client.HTTPConnection):
    pinned: str

    def connect(self) -> None:
        self.sock = socket.create_connection((self.pinned, self.port), self.timeout)


class _PinnedHTTPS(http.client.HTTPSConnection):
    pinned: str

    def connect(self) -> None:
        plain = socket.create_connection((self.pinned, self.port), self.timeout)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)  # type: ignore[attr-defined]
