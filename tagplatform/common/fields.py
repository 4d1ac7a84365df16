"""Fields and serializers of the API: strict about names and types, forgiving about broken characters in texts."""

import uuid
from typing import Any

from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from tagplatform.common.errors import InvalidInput
from tagplatform.common.ids import format_public_id, parse_public_id
from tagplatform.common.text import clean_json, clean_text

# They look at each character in Python: 20 ms for a long text
NEEDLESS_ON_CLEAN_TEXT = (ProhibitNullCharactersValidator, ProhibitSurrogateCharactersValidator)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses names that it does not know: a misspelt option is told, not ignored."""

    default_error_messages = {"unknown_field": _("There is no field of this name here.")}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := set(data) - set(self.fields)):
            sentence = str(self.error_messages["unknown_field"])
            error = serializers.ErrorDetail(sentence, "unknown_field")
            raise serializers.ValidationError({clean_text(str(name))[:80]: error for name in sorted(unknown)})
        return super().to_internal_value(data)


class QuerySerializer(StrictSerializer):
    """The parameters of an address; give it `request.query_params.dict()`."""


class TextField(serializers.CharField):
    """A text for people or the model: any JSON string, cleaned instead of refused."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, "allow_blank": True, **kwargs})
        self.validators = [v for v in self.validators if not isinstance(v, NEEDLESS_ON_CLEAN_TEXT)]

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(clean_text(data))


class CodeField(serializers.CharField):
    """An identifier: a JSON string, taken as it is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 300, "trim_whitespace": False, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    """true or false, not words that mean them."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class CountField(serializers.IntegerField):
    """A JSON number without fraction, not a text that looks like one."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class NumberField(serializers.FloatField):
    """A JSON number."""

    def to_internal_value(self, data: Any) -> float:
        if not isinstance(data, int | float) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class ExtraField(serializers.JSONField):
    """A JSON object with further fields of a source, cleaned."""

    default_error_messages = {"not_an_object": _("This must be a JSON object.")}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("not_an_object")
        cleaned: dict[str, Any] = clean_json(super().to_internal_value(data))
        return cleaned


class PublicIdField(serializers.Field[uuid.UUID, str, str, Any]):
    """A public id `prefix_…`; the value inside is the UUID."""

    default_error_messages = {"invalid_id": _("This is not an id of the form %(prefix)s_….")}

    def __init__(self, id_prefix: str, **kwargs: Any) -> None:
        self.id_prefix = id_prefix
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> uuid.UUID:
        try:
            return parse_public_id(self.id_prefix, data)
        except InvalidInput as error:
            sentence = str(self.error_messages["invalid_id"]) % {"prefix": self.id_prefix}
            raise serializers.ValidationError(sentence, code="invalid_id") from error

    def to_representation(self, value: uuid.UUID) -> str:
        return format_public_id(self.id_prefix, value)
