"""What drf-spectacular cannot see by itself: every operation may answer with a problem."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from tagplatform.common.problems import PROBLEM_TYPE


class ProblemErrorSerializer(serializers.Serializer[Any]):
    """One wrong place in the input."""

    pointer = serializers.CharField(help_text="JSON pointer (RFC 6901) into the request body")
    code = serializers.CharField(help_text="stable, for programs")
    detail = serializers.CharField(help_text="translated, for people")


class ProblemSerializer(serializers.Serializer[Any]):
    """A problem (RFC 9457)."""

    type = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="stable, for programs")
    title = serializers.CharField()
    detail = serializers.CharField(help_text="what happened and what to do, translated")
    errors = ProblemErrorSerializer(many=True)


class ProblemAutoSchema(AutoSchema):
    """Adds the problem answer to every operation."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation:
            problem = self.resolve_serializer(ProblemSerializer, "response").ref
            operation["responses"].setdefault(
                "default",
                {"description": "What went wrong", "content": {PROBLEM_TYPE: {"schema": problem}}},
            )
        return operation
