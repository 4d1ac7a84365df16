"""Webhooks against a real server: signed as Standard Webhooks says, tried again, never into our own network."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from recommender.models import Alert, AlertDelivery, AlertRule, WebhookEndpoint
from recommender.watching.deliveries import BACK_OFF, deliver, due_deliveries, messages_of, send_again
from recommender.watching.webhooks import NotDelivered, post_signed, signature
from tagplatform.common.encryption import encrypted
from tests.factories import VocabularyFactory

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
State = AlertDelivery.State


@dataclass
class Receiver:
    """A server that keeps what it is sent and answers as it is told."""

    url: str
    answers: list[int] = field(default_factory=list)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(told.answers.pop(0) if told.answers else 204)
            self.send_header("Location", f"{told.url}/elsewhere")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """A test's output is no access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield told
    server.shutdown()
    server.server_close()


@pytest.fixture
def private_allowed(settings: Settings) -> None:
    settings.WEBHOOKS_TO_PRIVATE_ADDRESSES = True


@pytest.fixture
def delivery(db: None, receiver: Receiver, private_allowed: None) -> AlertDelivery:
    """Of an alert that has just been opened."""
    endpoint = WebhookEndpoint.objects.create(name="Chat", url=receiver.url, encrypted_secret=encrypted(SECRET))
    rule = AlertRule.objects.create(
        vocabulary=VocabularyFactory(slug="news"), measure="mrr", comparison="below", limit=0.5, webhook=endpoint
    )
    alert = Alert.objects.create(rule=rule, value=0.25, last_value=0.25, n_documents=80)
    made: AlertDelivery = AlertDelivery.objects.create(
        alert=alert, event="opened", value=0.25, channel="webhook", target="Chat"
    )
    return made


def wait_for_next(delivery: AlertDelivery) -> None:
    """As if the time of the next attempt had come."""
    AlertDelivery.objects.filter(pk=delivery.pk).update(next_at=timezone.now() - timedelta(seconds=1))


def test_the_signature_is_the_one_of_the_specification() -> None:
    """The example of standardwebhooks.com and its libraries."""
    found = signature(
        secret=SECRET, message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330, body=b'{"test": 2432232314}'
    )

    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_arrives_is_signed_and_says_what_happened(delivery: AlertDelivery, receiver: Receiver) -> None:
    assert deliver(delivery.pk)

    [(headers, body)] = receiver.received
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    told = json.loads(body)
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-id"] == delivery.public_id
    assert abs(int(headers["webhook-timestamp"]) - timezone.now().timestamp()) < 60
    assert (told["type"], told["data"]["vocabulary"], told["data"]["value"]) == ("alert.opened", "news", 0.25)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (State.SENT, 1)


def test_a_message_that_was_sent_is_not_sent_again(delivery: AlertDelivery, receiver: Receiver) -> None:
    deliver(delivery.pk)
    wait_for_next(delivery)

    assert not deliver(delivery.pk)
    assert len(receiver.received) == 1


def test_a_webhook_that_was_renamed_gets_what_was_waiting_for_it(delivery: AlertDelivery, receiver: Receiver) -> None:
    WebhookEndpoint.objects.update(name="Newsroom chat")

    deliver(delivery.pk)

    assert len(receiver.received) == 1
    assert list(messages_of(WebhookEndpoint.objects.get())) == [delivery]


def test_what_is_refused_is_tried_again_later_with_the_same_id(delivery: AlertDelivery, receiver: Receiver) -> None:
    receiver.answers = [503, 200]

    first = deliver(delivery.pk)
    at_once = deliver(delivery.pk)  # its time has not come
    wait_for_next(delivery)
    later = deliver(delivery.pk)

    assert (first, at_once, later) == (False, False, True)
    ids = {headers["webhook-id"] for headers, _body in receiver.received}
    assert len(receiver.received) == 2
    assert ids == {delivery.public_id}


def test_in_the_end_it_is_given_up_on_and_can_be_sent_by_hand(delivery: AlertDelivery, receiver: Receiver) -> None:
    receiver.answers = [500] * (len(BACK_OFF) + 1)
    waits = []
    for _ in range(len(BACK_OFF) + 1):
        wait_for_next(delivery)
        deliver(delivery.pk)
        delivery.refresh_from_db()
        waits.append((delivery.next_at - timezone.now()).total_seconds())

    assert waits == pytest.approx([wait.total_seconds() for wait in (*BACK_OFF, BACK_OFF[-1])], abs=30)
    assert delivery.state == State.FAILED
    assert "answered 500" in delivery.last_error
    assert not due_deliveries().exists()
    send_again(delivery)
    assert deliver(delivery.pk)


def test_a_redirect_is_not_followed(delivery: AlertDelivery, receiver: Receiver) -> None:
    receiver.answers = [302]

    assert not deliver(delivery.pk)
    assert len(receiver.received) == 1


def test_a_server_that_is_not_there_is_an_error_that_says_so(private_allowed: None) -> None:
    with pytest.raises(NotDelivered, match="refused"):
        post_signed(url="http://127.0.0.1:9/hook", secret=SECRET, message_id="msg_1", payload={})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.0.0.8", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "2130706433"]
)
def test_nothing_is_posted_into_our_own_network(host: str) -> None:
    with pytest.raises(NotDelivered, match=r"private address|not known"):
        post_signed(url=f"https://{host}/hook", secret=SECRET, message_id="msg_1", payload={})


def test_only_https_leaves_the_house() -> None:
    with pytest.raises(NotDelivered, match="only https"):
        post_signed(url="http://example.org/hook", secret=SECRET, message_id="msg_1", payload={})
