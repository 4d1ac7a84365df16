"""Every address of the API and of the desk's JSON, asked with every method."""

from collections.abc import Iterable, Iterator

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from rest_framework.views import APIView

from tagplatform.access.models import User
from tests.api.conftest import Caller
from tests.factories import UserFactory

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE")  # the last one is not HTTP
ARGUMENT = "x"


def our_addresses(patterns: Iterable[URLPattern | URLResolver], namespace: str = "") -> Iterator[str]:
    """Addresses in the namespaces `api` and `desk` whose views are the API's, with an argument that names nothing."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from our_addresses(pattern.url_patterns, pattern.namespace or namespace)
        elif namespace in ("api", "desk") and issubclass(getattr(pattern.callback, "cls", object), APIView):
            arguments = dict.fromkeys(pattern.pattern.regex.groupindex, ARGUMENT)
            yield reverse(f"{namespace}:{pattern.name}", kwargs=arguments)


ADDRESSES = list(our_addresses(get_resolver().url_patterns))


@pytest.fixture(params=["key", "person", "nobody"])
def client_and_headers(request: pytest.FixtureRequest, caller: Caller) -> tuple[Client, dict[str, str]]:
    """A program with every scope, a person with every role, somebody unknown."""
    client = Client(raise_request_exception=False)
    if request.param == "person":
        person: User = UserFactory()
        person.groups.set(Group.objects.all())
        client.force_login(person)
    return client, {"authorization": f"Bearer {caller.secret}"} if request.param == "key" else {}


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_method_is_a_server_error(client_and_headers: tuple[Client, dict[str, str]], address: str) -> None:
    client, headers = client_and_headers

    for method in METHODS:
        answer = client.generic(method, address, "{}", content_type="application/json", headers=headers)

        assert answer.status_code < 500, method
        if answer.status_code == 405:
            assert answer["Content-Type"] == "application/problem+json"
            assert method not in answer["Allow"].split(", ")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "TRACE"])
def test_a_method_that_an_address_does_not_have_is_told_with_those_that_it_has(caller: Caller, method: str) -> None:
    answer = caller.send(method, "/recommendations")

    assert answer.status_code == 405
    assert answer["Allow"] == "POST, OPTIONS"


def test_options_says_what_may_be_done(client: Client, db: None) -> None:
    answer = client.options("/api/v1/documents")

    assert answer.status_code == 204
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert not answer.content


def test_all_addresses_are_asked() -> None:
    paths = " ".join(ADDRESSES)

    assert len(ADDRESSES) > 20
    assert "/api/v1/recommendations" in paths and "/api/v1/documents/x" in paths and "/desk" in paths
