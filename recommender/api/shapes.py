"""What requests for recommendations and their answers look like."""

from typing import Any

from rest_framework import serializers

from feedback.api.shapes import TagIdsField
from feedback.models import Recommendation, Suggestion
from tagplatform.common.fields import CodeField, CountField, FlagField, NumberField, StrictSerializer, TextField
from tagplatform.common.openapi import ProblemSerializer
from tagplatform.content.api.shapes import TEXT_HELP, SourceReference
from tagplatform.taxonomy.api.shapes import LABEL_LANGUAGE_HELP, LanguageField, TagBrief, VocabularyReference

MAX_BATCH = 64
MAX_LIMIT = 50
EXTERNAL_ID_HELP = (
    "a stored document: its text is ranked unless `title` or `text` is given, and the recommendation belongs to it"
)

CHOSEN_HELP = "ids of tags that the document already has; not suggested again, but what goes with them ranks higher"


class Options(StrictSerializer):
    """How the answer should look; the same for a whole batch."""

    vocabulary = VocabularyReference()
    source = SourceReference()  # type: ignore[assignment]
    label_language = LanguageField(help_text=LABEL_LANGUAGE_HELP)
    limit = CountField(required=False, min_value=1, max_value=MAX_LIMIT, help_text="at most so many suggestions (1–50)")
    min_score = NumberField(
        default=0.0, min_value=0, max_value=1, help_text="leave out suggestions under this probability"
    )
    explain = FlagField(
        default=False, help_text="say which words carry each suggestion, and which documents are alike; costs time"
    )
    store = FlagField(
        default=True,
        help_text="keep the answer in the ledger, so that its outcome can be reported; the text is never kept",
    )
    blind = FlagField(
        default=False,
        help_text="nobody sees the answer before the text is tagged: it is kept to measure models, never to teach them",
    )


class TextRequest(StrictSerializer):
    """The text to tag, or the stored document that has it."""

    title = TextField(required=False, max_length=1000)
    text = TextField(required=False, help_text=TEXT_HELP)
    language = LanguageField(help_text="BCP 47 tag of the text; found out when left out")
    external_id = CodeField(required=False, help_text=EXTERNAL_ID_HELP)
    chosen_tags = TagIdsField(default=list, help_text=CHOSEN_HELP)
    candidate_tags = TagIdsField(required=False, help_text="suggest only from among these ids")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not {"title", "text", "external_id"} & set(attrs):
            sentence = self.fields["text"].error_messages["required"]
            raise serializers.ValidationError({"text": serializers.ErrorDetail(str(sentence), "required")})
        return attrs


class RecommendationBody(TextRequest, Options):
    """One text and how the answer should look."""


class BatchBody(Options):
    """Up to 64 texts and how the answers should look."""

    documents = serializers.ListField(child=serializers.JSONField(), min_length=1, max_length=MAX_BATCH)


class BatchBodyShape(Options):
    """Up to 64 texts and how the answers should look."""

    documents = serializers.ListField(child=TextRequest(), min_length=1, max_length=MAX_BATCH)


class EvidenceShape(serializers.Serializer[Any]):
    """A piece of the text that raises the score."""

    field = serializers.CharField(help_text="`title` or `body`")
    start = serializers.IntegerField(help_text="first character, from 0")
    end = serializers.IntegerField(help_text="the character after the last")
    text = serializers.CharField()
    contribution = serializers.FloatField(help_text="what it adds to the raw score")


class SimilarShape(serializers.Serializer[Any]):
    """A document like the text that bears the tag; only those that the caller may read."""

    id = serializers.CharField()
    external_id = serializers.CharField(help_text="the id that its source gave it")
    title = serializers.CharField()
    similarity = serializers.FloatField(help_text="cosine of the weighted words, 0 to 1")


class AdjustedShape(serializers.Serializer[Any]):
    """What decisions that no model has learnt yet have done to a suggestion in this source."""

    reason = serializers.ChoiceField(choices=["rejected_more_than_expected", "chosen_more_than_expected"])
    offset = serializers.FloatField(help_text="logits added to what the model says; bounded")
    score_of_model = serializers.FloatField(help_text="the score without that")
    accepted = serializers.IntegerField()
    rejected = serializers.IntegerField(help_text="or taken off")
    ignored = serializers.IntegerField()
    added = serializers.IntegerField()


class SuggestionShape(serializers.Serializer[Any]):
    """A suggested tag."""

    rank = serializers.IntegerField(help_text="1 is best")
    tag = TagBrief()
    score = serializers.FloatField(help_text="calibrated probability that the tag is right, 0 to 1")
    confidence = serializers.ChoiceField(choices=["high", "medium", "low"])
    above_threshold = serializers.BooleanField(help_text="worth showing at first sight")
    origin = serializers.ChoiceField(choices=Suggestion.Origin.choices)
    propensity = serializers.FloatField(
        allow_null=True, help_text="of a tag that is tried out (`exploration`): the probability that it was this one"
    )
    explanation = EvidenceShape(many=True, allow_null=True, help_text="only if asked for")
    similar = SimilarShape(many=True, allow_null=True, help_text="only if asked for; nearest first, at most three")
    label_match = serializers.CharField(
        allow_null=True, help_text="only if asked for: the words of the text that name the tag, inflected or not"
    )
    adjusted = AdjustedShape(
        allow_null=True, help_text="only if asked for: null where no newer decision has moved the tag"
    )


class RecommendationShape(serializers.Serializer[Any]):
    """One ranked list, given by one model version."""

    id = serializers.CharField(allow_null=True, help_text="`rec_…`; null where it was not stored")
    vocabulary = serializers.CharField(help_text="slug")
    model_version = serializers.CharField()
    policy = serializers.ChoiceField(
        choices=Recommendation.Policy.choices, help_text="`interleaved`: two versions fill the list in turns"
    )
    suggestions = SuggestionShape(many=True)
    truncated = serializers.BooleanField(help_text="the text was too long: its middle was not read")
    degraded = serializers.BooleanField(help_text="an older version than the champion had to answer")
    abstained = serializers.BooleanField(help_text="no suggestion is over its threshold")
    abstain_reason = serializers.ChoiceField(
        choices=["empty_text", "no_recommendable_tags", "below_threshold"], allow_null=True
    )
    latency_ms = serializers.FloatField(help_text="milliseconds that the ranking took")


class StoredRecommendationShape(RecommendationShape):
    """A recommendation as it stands in the ledger; explanations are not kept."""

    external_id = serializers.CharField(allow_null=True, help_text="of its document, if that is stored")
    created_at = serializers.DateTimeField()


class BatchItemShape(serializers.Serializer[Any]):
    """What became of one text of a batch: a recommendation or a problem."""

    index = serializers.IntegerField(help_text="place in `documents`, from 0")
    status = serializers.IntegerField(help_text="as an HTTP status: 200, 201, 404, 422")
    recommendation = RecommendationShape(allow_null=True)
    problem = ProblemSerializer(allow_null=True)


class BatchAnswer(serializers.Serializer[Any]):
    """One item for each text, in their order."""

    results = BatchItemShape(many=True)
