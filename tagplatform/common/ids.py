"""Ids that sort by time: UUIDv7 (RFC 9562) in the database, TypeID (prefix and base32) for people."""

import uuid
from datetime import UTC, datetime

import uuid_utils
from typeid import TypeID
from typeid.errors import TypeIDException

from tagplatform.common.errors import InvalidInput


def new_id() -> uuid.UUID:
    """A new UUIDv7; ids made later sort after earlier ones."""
    return uuid.UUID(int=uuid_utils.uuid7().int)


def first_id_at(moment: datetime) -> uuid.UUID:
    """The smallest UUIDv7-ordered value of `moment` (timezone aware): a bound for ranges of ids."""
    milliseconds = int(moment.timestamp() * 1000)
    return uuid.UUID(int=milliseconds << 80)


def moment_of_id(identifier: uuid.UUID) -> datetime:
    """When a UUIDv7 was made, to the millisecond, in UTC."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, tz=UTC)


def format_public_id(prefix: str, identifier: uuid.UUID) -> str:
    """`tag_01h…` from a prefix and a UUID, as the TypeID specification 0.3 writes it."""
    return str(TypeID.from_uuid(prefix=prefix, suffix=uuid_utils.UUID(int=identifier.int)))


def parse_public_id(prefix: str, text: str, *, pointer: str = "") -> uuid.UUID:
    """The UUID inside `text`; InvalidInput where it is no id of this kind."""
    try:
        parsed = TypeID.from_string(text)
    except (TypeIDException, ValueError, AttributeError) as error:
        raise _not_an_id(prefix, text, pointer) from error
    if parsed.prefix != prefix:
        raise _not_an_id(prefix, text, pointer)
    return uuid.UUID(int=parsed.uuid.int)


def _not_an_id(prefix: str, text: object, pointer: str) -> InvalidInput:
    return InvalidInput(f"“{str(text)[:80]}” is not an id of the form {prefix}_….", code="invalid_id", pointer=pointer)
