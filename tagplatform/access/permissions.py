"""Each API view names the scope it needs; keys carry scopes, people carry the permissions of their roles."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from tagplatform.access.models import ApiKey
from tagplatform.common.scopes import Scope

PERMISSION_BY_SCOPE: dict[str, str] = {
    Scope.RECOMMEND: "feedback.add_recommendation",
    Scope.FEEDBACK: "feedback.add_decision",
    Scope.DOCUMENTS_READ: "content.view_document",
    Scope.DOCUMENTS_WRITE: "content.add_document",
    Scope.TAGS_READ: "taxonomy.view_tag",
    Scope.MODELS_READ: "recommender.view_modelversion",
    Scope.MODELS_WRITE: "recommender.add_trainingrun",
}


def scopes_of(user: Any) -> set[str]:
    """What a person may do, and so may let a key of theirs do."""
    return {scope for scope, permission in PERMISSION_BY_SCOPE.items() if user.has_perm(permission)}


class HasScope(BasePermission):
    """The view's `read_scope` for safe methods, `write_scope` for the others."""

    def has_permission(self, request: Request, view: Any) -> bool:
        scope = view.read_scope if request.method in SAFE_METHODS else view.write_scope
        if isinstance(request.auth, ApiKey):
            return scope in request.auth.scopes
        user = request.user
        return bool(user.is_authenticated and user.has_perm(PERMISSION_BY_SCOPE[scope]))
