"""What requests to the content and its answers look like."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from tagplatform.common.fields import CodeField, ExtraField, QuerySerializer, StrictSerializer, TextField
from tagplatform.content.models import MAX_BODY_CHARACTERS
from tagplatform.taxonomy.api.shapes import LABEL_LANGUAGE_HELP, LanguageField, TagBrief

MAX_TITLE_CHARACTERS = 1000
SOURCE_HELP = "slug of the source; an API key has its own and leaves this out, as people may where there is only one"
TEXT_HELP = f"plain text; of more than {MAX_BODY_CHARACTERS} characters the head and the tail are kept"


class SourceReference(serializers.SlugField):
    """Slug of a source."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "help_text": SOURCE_HELP, **kwargs})


class MomentField(serializers.DateTimeField):
    """An RFC 3339 time within a sensible span."""

    default_error_messages = {"absurd": _("A date between the years 1000 and 2999 is wanted.")}

    def to_internal_value(self, value: Any) -> datetime:
        moment: datetime = super().to_internal_value(value)
        if not 1000 <= moment.year <= 2999:
            self.fail("absurd")
        return moment


class DocumentRequest(StrictSerializer):
    """A document as its source has it."""

    source = SourceReference()  # type: ignore[assignment]
    external_id = CodeField(help_text="the id that the source gave it")
    title = TextField(default="", max_length=MAX_TITLE_CHARACTERS)
    text = TextField(default="", help_text=TEXT_HELP)
    language = LanguageField(help_text="BCP 47 tag; empty when unknown")
    published_at = MomentField(required=False, allow_null=True, default=None)
    extra = ExtraField(default=dict, help_text="further fields of the source, by name")
    split_group = TextField(
        default="", max_length=300, help_text="siblings with the same group are never split between training and test"
    )


class DocumentTag(TagBrief):
    """A tag that a document truly has."""

    vocabulary = serializers.CharField(help_text="slug")
    origin = serializers.CharField(help_text="imported, editor, api or rule")


class DocumentSummary(serializers.Serializer[Any]):
    """A document without its text."""

    id = serializers.CharField()
    source = serializers.CharField(help_text="slug")  # type: ignore[assignment]
    external_id = serializers.CharField()
    title = serializers.CharField()
    language = serializers.CharField()
    published_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    tags = DocumentTag(many=True)


class DocumentShape(DocumentSummary):
    """A document."""

    text = serializers.CharField()
    extra = serializers.DictField(child=serializers.JSONField())
    split_group = serializers.CharField()


class SavedDocument(DocumentShape):
    """A document as it was stored."""

    truncated = serializers.BooleanField(help_text="the text was too long: its middle is missing")


class SourceQuery(QuerySerializer):
    source = SourceReference()  # type: ignore[assignment]


class DocumentQuery(SourceQuery):
    label_language = LanguageField(help_text=LABEL_LANGUAGE_HELP)
