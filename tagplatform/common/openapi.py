"""What drf-spectacular cannot see by itself: problems, limits, repeats, our own fields."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from tagplatform.common.problems import PROBLEM_TYPE

TYPE_ID_PATTERN = "[0-7][0-9a-hjkmnp-tv-z]{25}"
RATE_HEADERS = {
    "RateLimit-Limit": "requests in a window",
    "RateLimit-Remaining": "requests left in this window",
    "RateLimit-Reset": "seconds until the window ends",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "yours, unique for this request, for example a UUID: sent again, the answer is replayed",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$"},
}
PROBLEMS = {
    "400": "The body is not JSON",
    "401": "No key or session, or one that is not valid",
    "403": "The scope or permission is missing",
    "404": "What the request names does not exist, or not for this caller",
    "406": "Only JSON can be sent",
    "409": "The present state does not allow it",
    "413": "The body is too large",
    "415": "The body is no application/json",
    "422": "A value is not valid; `errors` points at it",
    "429": "Too many requests; see `Retry-After`",
    "503": "No model yet, or the database is away; see `Retry-After`",
}


class ProblemErrorSerializer(serializers.Serializer[Any]):
    """One wrong place in the input."""

    pointer = serializers.CharField(help_text="JSON pointer (RFC 6901) into the body or the address's parameters")
    code = serializers.CharField(help_text="stable, for programs")
    detail = serializers.CharField(help_text="translated, for people")


class ProblemSerializer(serializers.Serializer[Any]):
    """A problem (RFC 9457)."""

    type = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="stable, for programs")
    title = serializers.CharField()
    detail = serializers.CharField(help_text="what happened and what to do, translated")
    errors = ProblemErrorSerializer(many=True)  # type: ignore[assignment]


class ProblemAutoSchema(AutoSchema):
    """Adds the problems that every operation may answer with, the limit's headers, and the key for repeats."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        self.resolve_serializer(ProblemSerializer, "response")
        for response in operation["responses"].values():
            response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in RATE_HEADERS}
        for status in self._problems(operation):
            operation["responses"][status] = {"$ref": f"#/components/responses/Problem{status}"}
        if getattr(self._method(), "is_answered_once", False):
            operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/IdempotencyKey"})
        operation["responses"] = dict(sorted(operation["responses"].items()))
        return operation

    def _method(self) -> Any:
        return getattr(self.view, self.method.lower(), None)

    def _problems(self, operation: dict[str, Any]) -> set[str]:
        statuses = {"401", "403", "406", "422", "429", "503"}
        if "{" in self.path or "requestBody" in operation or "vocabulary" in str(operation.get("parameters")):
            statuses.add("404")
        if "requestBody" in operation:
            statuses |= {"400", "413", "415"}
        return statuses if self.method == "GET" else statuses | {"409"}

    def _get_serializer_name(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> str:
        """`TagShape` is Tag to readers, `OutcomeRequest` stays what it is."""
        name: str = super()._get_serializer_name(serializer, direction, bypass_extensions)
        return name.replace("Shape", "").replace("RequestRequest", "Request")


class PublicIdSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Public ids have a prefix and 26 characters."""

    target_class = "tagplatform.common.fields.PublicIdField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{self.target.id_prefix}_{TYPE_ID_PATTERN}$"}


def complete(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Add what the operations refer to; bodies of requests have no other fields than those written down."""
    components = result["components"]
    for name, schema in components["schemas"].items():
        if name.endswith("Request") and schema.get("type") == "object":
            schema["additionalProperties"] = False
    content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in RATE_HEADERS}
    components["responses"] = {
        f"Problem{status}": {"description": description, "headers": headers, "content": content}
        for status, description in PROBLEMS.items()
    }
    components["headers"] = {
        name: {"description": text, "schema": {"type": "integer"}} for name, text in RATE_HEADERS.items()
    }
    components["parameters"] = {"IdempotencyKey": IDEMPOTENCY_KEY}
    return result
