"""A POST with an `Idempotency-Key` is carried out once; when the same request comes again, its answer is replayed."""

import hashlib
import json
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from tagplatform.access.models import ApiKey, IdempotencyRecord
from tagplatform.common.errors import Conflict, InvalidInput

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
MAX_KEY_LENGTH = 200
KEPT_FOR = timedelta(hours=24)
ABANDONED_AFTER = timedelta(minutes=2)  # longer than any request may take: whoever began has crashed


class StillRunning(Conflict):
    """The same request is being carried out at this moment."""

    code = "idempotency_key_running"
    retry_after_seconds = 1


def answer_once(
    request: Request,
    answer: Callable[[], Response],
    *,
    in_transaction: bool,
    again: Callable[[], Response] | None = None,
) -> Response:
    """Answer, or replay. A key is freed again by every answer that is no success: nothing was created.

    With `in_transaction` the record of the answer is committed together with the work, so that a crash leaves either
    both or neither. With `again` the body is not kept: `again` makes it anew.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return answer()
    record = _claim(_owner(request), _checked(key), _hash_of(request))
    if record.response_status is not None:
        return _replay(record, again)
    try:
        with transaction.atomic() if in_transaction else nullcontext():
            response = answer()
            _keep(record, response, with_body=again is None)
    except BaseException:
        _free(record)
        raise
    return response


def _checked(key: str) -> str:
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not (key.isascii() and key.isprintable()):
        raise InvalidInput(
            _("%(header)s has 1 to %(max)d printable ASCII characters, for example a UUID.")
            % {"header": HEADER, "max": MAX_KEY_LENGTH},
            code="invalid_idempotency_key",
        )
    return key


def _owner(request: Request) -> str:
    return request.auth.public_id if isinstance(request.auth, ApiKey) else f"user-{request.user.pk}"


def _hash_of(request: Request) -> str:
    """Method, address and body; read before the parser takes the body away."""
    start = f"{request.method} {request.get_full_path()}\n".encode()
    return hashlib.sha256(start + request._request.body).hexdigest()


def _claim(owner: str, key: str, request_hash: str) -> IdempotencyRecord:
    """A new record, whose request is ours to carry out, or one with an answer to replay."""
    try:
        with transaction.atomic():
            return IdempotencyRecord.objects.create(owner=owner, key=key, request_hash=request_hash)
    except IntegrityError:
        held = IdempotencyRecord.objects.filter(owner=owner, key=key).first()
    if held is None or _expired(held):  # freed since, or left behind by a crash
        if held is not None:
            held.delete()
        return _claim(owner, key, request_hash)
    _check_repeat(held, request_hash)
    return held


def _check_repeat(held: IdempotencyRecord, request_hash: str) -> None:
    if held.request_hash != request_hash:
        raise InvalidInput(
            _("This %(header)s was used for a different request. Take a new one for each request.")
            % {"header": HEADER},
            code="idempotency_key_reused",
        )
    if held.response_status is None:
        raise StillRunning(_("The same request is being carried out. Ask again in a second."))


def _expired(record: IdempotencyRecord) -> bool:
    age = timezone.now() - record.created_at
    return age > (ABANDONED_AFTER if record.response_status is None else KEPT_FOR)


def _keep(record: IdempotencyRecord, response: Response, *, with_body: bool) -> None:
    if not 200 <= response.status_code < 300:
        _free(record)
        return
    record.response_status = response.status_code
    record.response_body = JSONRenderer().render(response.data).decode() if with_body else ""
    record.save(update_fields=["response_status", "response_body"])


def _free(record: IdempotencyRecord) -> None:
    IdempotencyRecord.objects.filter(pk=record.pk, response_status=None).delete()


def _replay(record: IdempotencyRecord, again: Callable[[], Response] | None) -> Response:
    assert record.response_status is not None
    body = json.loads(record.response_body) if again is None else again().data
    return Response(body, status=record.response_status, headers={REPLAYED_HEADER: "true"})
