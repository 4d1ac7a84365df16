"""Which key and which role may do what."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from tagplatform.access.roles import PERMISSIONS_BY_ROLE
from tagplatform.common.scopes import Scope
from tests.api.conftest import ROOT, Caller, new_caller
from tests.factories import UserFactory

NOBODY = "01h455vb4pex5vsknk084sn02q"
OPERATIONS = [
    ("POST", "/recommendations", Scope.RECOMMEND),
    ("POST", "/recommendations/batch", Scope.RECOMMEND),
    ("GET", f"/recommendations/rec_{NOBODY}", Scope.RECOMMEND),
    ("PUT", f"/recommendations/rec_{NOBODY}/outcome", Scope.FEEDBACK),
    ("PUT", "/documents/x/tags", Scope.FEEDBACK),
    ("POST", "/feedback/events", Scope.FEEDBACK),
    ("POST", "/tag-proposals", Scope.FEEDBACK),
    ("GET", "/documents", Scope.DOCUMENTS_READ),
    ("POST", "/documents", Scope.DOCUMENTS_WRITE),
    ("GET", "/documents/x", Scope.DOCUMENTS_READ),
    ("DELETE", "/documents/x", Scope.DOCUMENTS_WRITE),
    ("GET", "/vocabularies", Scope.TAGS_READ),
    ("GET", "/tags", Scope.TAGS_READ),
    ("GET", f"/tags/tag_{NOBODY}", Scope.TAGS_READ),
    ("GET", "/tags/search", Scope.TAGS_READ),
    ("GET", "/tags/resolve", Scope.TAGS_READ),
    ("GET", "/models", Scope.MODELS_READ),
    ("GET", f"/models/model_{NOBODY}", Scope.MODELS_READ),
    ("GET", "/models/aliases", Scope.MODELS_READ),
    ("PUT", "/models/aliases/champion", Scope.MODELS_WRITE),
    ("POST", "/models/aliases/champion/rollback", Scope.MODELS_WRITE),
    ("PUT", "/models/aliases/challenger", Scope.MODELS_WRITE),
    ("DELETE", "/models/aliases/challenger", Scope.MODELS_WRITE),
    ("GET", f"/models/model_{NOBODY}/challenge", Scope.MODELS_READ),
    ("GET", "/vocabularies/x/figures", Scope.MODELS_READ),
    ("GET", "/vocabularies/x/drift", Scope.MODELS_READ),
    ("GET", "/vocabularies/x/alerts", Scope.MODELS_READ),
    ("GET", "/training-runs", Scope.MODELS_READ),
    ("POST", "/training-runs", Scope.MODELS_WRITE),
    ("GET", f"/training-runs/run_{NOBODY}", Scope.MODELS_READ),
    ("POST", f"/training-runs/run_{NOBODY}/cancel", Scope.MODELS_WRITE),
]
SCOPES_BY_ROLE = {
    "editor": {Scope.RECOMMEND, Scope.FEEDBACK, Scope.DOCUMENTS_READ, Scope.TAGS_READ},
    "taxonomy admin": {
        Scope.RECOMMEND, Scope.FEEDBACK, Scope.DOCUMENTS_READ, Scope.TAGS_READ, Scope.MODELS_READ,
    },
    "model admin": {
        Scope.RECOMMEND, Scope.DOCUMENTS_READ, Scope.TAGS_READ, Scope.MODELS_READ, Scope.MODELS_WRITE,
    },
    "integrator": {
        Scope.RECOMMEND, Scope.FEEDBACK, Scope.DOCUMENTS_READ, Scope.DOCUMENTS_WRITE, Scope.TAGS_READ,
        Scope.MODELS_READ,
    },
}  # fmt: skip


@pytest.mark.parametrize(("method", "path", "scope"), OPERATIONS)
def test_an_operation_needs_its_scope_and_no_other(db: None, method: str, path: str, scope: str) -> None:
    with_it = new_caller(scope)
    without_it = new_caller(*(other for other in Scope.values if other != scope))

    assert with_it.send(method, path, {} if method in ("POST", "PUT") else None).status_code not in (401, 403)
    assert without_it.send(method, path, {}).status_code == 403


@pytest.mark.parametrize("role", PERMISSIONS_BY_ROLE)
def test_a_role_may_do_what_its_scopes_say(db: None, role: str) -> None:
    person = UserFactory()
    person.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(person)

    allowed = {
        scope
        for method, path, scope in OPERATIONS
        if client.generic(method, ROOT + path, "{}", content_type="application/json").status_code != 403
    }

    assert allowed == SCOPES_BY_ROLE[role]


def test_every_permission_of_a_role_exists(db: None) -> None:
    for role, allowed in PERMISSIONS_BY_ROLE.items():
        group = Group.objects.get(name=role)
        assert group.permissions.count() == sum(len(actions) for actions in allowed.values()), role


def test_every_operation_stands_in_the_matrix(caller: Caller) -> None:
    from drf_spectacular.generators import SchemaGenerator

    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]  # type: ignore[no-untyped-call]

    n_operations = sum(
        method in ("get", "post", "put", "patch", "delete") for path in paths.values() for method in path
    )
    assert n_operations == len(OPERATIONS)
