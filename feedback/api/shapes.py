"""What reports about recommendations and their answers look like."""

from typing import Any

from rest_framework import serializers

from feedback.models import Decision, Outcome, Recommendation
from tagplatform.common.fields import CodeField, PublicIdField, StrictSerializer
from tagplatform.content.api.shapes import SourceReference
from tagplatform.taxonomy.api.shapes import TagBrief, VocabularyReference
from tagplatform.taxonomy.models import Tag

MAX_EVENTS = 500
MAX_TAGS = 500


class TagIdsField(serializers.ListField):
    """Ids of tags."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"child": PublicIdField(Tag.id_prefix), "max_length": MAX_TAGS, **kwargs})


class OutcomeRequest(StrictSerializer):
    """What became of a recommendation."""

    status = serializers.ChoiceField(
        choices=Outcome.Status.choices,
        default=Outcome.Status.SUBMITTED,
        help_text="`submitted`: the document has these tags now; `discarded`: everything reported before is undone",
    )
    final_tags = TagIdsField(
        default=list, help_text="ids of all tags of this vocabulary that the document has in the end"
    )
    rejected = TagIdsField(default=list, help_text="ids of suggestions that somebody refused explicitly")
    not_shown = TagIdsField(default=list, help_text="ids of suggestions that nobody saw: they count as unlabelled")
    external_id = CodeField(
        required=False, help_text="a stored document of the source, if the recommendation was not asked for with it"
    )
    source = SourceReference()  # type: ignore[assignment]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["status"] == Outcome.Status.SUBMITTED and "final_tags" not in self.initial_data:
            sentence = self.fields["final_tags"].error_messages["required"]
            raise serializers.ValidationError({"final_tags": serializers.ErrorDetail(str(sentence), "required")})
        return attrs


class DocumentTagsRequest(StrictSerializer):
    """The tags that a document has in the end."""

    vocabulary = VocabularyReference()
    source = SourceReference()  # type: ignore[assignment]
    final_tags = TagIdsField(help_text="ids of all tags of this vocabulary that the document has")
    rejected = TagIdsField(default=list, help_text="ids of suggestions that somebody refused explicitly")


class DecisionShape(serializers.Serializer[Any]):
    """What was decided on one tag, as it stands now."""

    tag = TagBrief()
    decision = serializers.ChoiceField(choices=Decision.Kind.choices)


class OutcomeShape(serializers.Serializer[Any]):
    """An outcome as it stands now."""

    status = serializers.ChoiceField(choices=Outcome.Status.choices)
    revision = serializers.IntegerField(help_text="grows when a later report changes something")
    decisions = DecisionShape(many=True)


class EventRequest(StrictSerializer):
    """One decision, as a client saw it happen."""

    event_id = CodeField(max_length=200, help_text="yours, unique in your source, for example a UUID")
    recommendation = PublicIdField(Recommendation.id_prefix, help_text="id of the recommendation")
    tag = PublicIdField(Tag.id_prefix, help_text="id of the tag")
    kind = serializers.ChoiceField(choices=Decision.Kind.choices)


class EventsRequest(StrictSerializer):
    """Up to 500 events."""

    source = SourceReference()  # type: ignore[assignment]
    events = serializers.ListField(child=EventRequest(), max_length=MAX_EVENTS, min_length=1)


class EventsAnswer(serializers.Serializer[Any]):
    """How many events counted."""

    recorded = serializers.IntegerField(help_text="events that were new")
    duplicates = serializers.IntegerField(help_text="events that had been sent before; they change nothing")
