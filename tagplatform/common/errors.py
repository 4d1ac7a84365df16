"""What may go wrong and may be told to the caller; one handler turns it into problem+json."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldError:
    """One wrong place in the input: a JSON pointer (RFC 6901), a stable code, a sentence for people."""

    pointer: str
    code: str
    detail: str


class DomainError(Exception):
    """Root of the errors that a caller may be told: a sentence, a stable code, an HTTP status."""

    status = 400
    code = "error"
    title = "The request cannot be carried out"

    def __init__(self, detail: str, *, code: str = "", pointer: str = "", errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.errors = errors or ((FieldError(pointer, self.code, detail),) if pointer else ())


class InvalidInput(DomainError):
    """The input is wrong; the sentence says what to change."""

    status = 422
    code = "invalid"
    title = "The input is not valid"


class NotFound(DomainError):
    """What the caller names does not exist, or not for this caller."""

    status = 404
    code = "not_found"
    title = "Not found"


class Conflict(DomainError):
    """The present state does not allow it; the sentence says what stands in the way."""

    status = 409
    code = "conflict"
    title = "Conflict with the present state"


class Unavailable(DomainError):
    """It cannot be answered now, but later: no model yet, database away."""

    status = 503
    code = "unavailable"
    title = "Not available at the moment"
    retry_after_seconds = 5
