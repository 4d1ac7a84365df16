"""What requests to the taxonomy and its answers look like."""

from typing import Any

from rest_framework import serializers

from tagplatform.common.fields import CodeField, PublicIdField, QuerySerializer, StrictSerializer, TextField
from tagplatform.taxonomy.labels import MAX_LABEL_LENGTH
from tagplatform.taxonomy.models import Tag, TagLabel, TagProposal, Vocabulary

VOCABULARY_HELP = "slug or id of the vocabulary; may be left out where there is only one"
LABEL_LANGUAGE_HELP = "BCP 47 tag of the labels in the answer; the vocabulary's own language where a tag has none in it"


class VocabularyReference(CodeField):
    """Slug or id of a vocabulary, optional where there is only one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "help_text": VOCABULARY_HELP, **kwargs})


class LanguageField(CodeField):
    """A BCP 47 tag, such as `en` or `zh-Hans`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "max_length": 20, "default": "", "allow_blank": True, **kwargs})


class TagBrief(serializers.Serializer[Any]):
    """A tag as it stands in other answers."""

    id = serializers.CharField(help_text="never changes: `tag_…`")
    notation = serializers.CharField(help_text="code of the tag in files")
    label = serializers.CharField(help_text="preferred name")  # type: ignore[assignment]
    path = serializers.ListField(child=serializers.CharField(), help_text="labels from the root down to the tag")


class LabelShape(serializers.Serializer[Any]):
    """A name of a tag."""

    text = serializers.CharField()
    language = serializers.CharField(help_text="BCP 47 tag")
    kind = serializers.ChoiceField(choices=TagLabel.Kind.choices)


class TagShape(TagBrief):
    """A tag with all its names."""

    vocabulary = serializers.CharField(help_text="slug")
    status = serializers.ChoiceField(choices=Tag.Status.choices)
    recommendable = serializers.BooleanField(help_text="false for tags that only group others")
    at_most_one_below = serializers.BooleanField(
        help_text="true where a document bears at most one of the tags below this one"
    )
    parent = serializers.CharField(allow_null=True, help_text="id of the tag above")  # type: ignore[assignment]
    replaced_by = serializers.CharField(allow_null=True, help_text="id of the tag to use instead")
    definition = serializers.CharField()
    scope_note = serializers.CharField(help_text="when to use it and when not")
    labels = LabelShape(many=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class TagHitShape(serializers.Serializer[Any]):
    """A tag that a search found."""

    tag = TagBrief()
    matched_label = serializers.CharField(help_text="the name of it that matched, for example a synonym")


class TagSearchAnswer(serializers.Serializer[Any]):
    """What a search found, best first."""

    results = TagHitShape(many=True)


class VocabularyShape(serializers.Serializer[Any]):
    """A controlled set of tags."""

    id = serializers.CharField()
    slug = serializers.CharField()
    name = serializers.CharField()
    language = serializers.CharField(help_text="BCP 47 tag of the preferred labels")
    selection_mode = serializers.ChoiceField(choices=Vocabulary.SelectionMode.choices)
    suggestion_limit = serializers.IntegerField(help_text="how many suggestions an answer has if not told otherwise")
    n_tags = serializers.IntegerField(help_text="active tags")
    version = serializers.IntegerField(help_text="grows with every change of a tag or label")


class ProposalShape(serializers.Serializer[Any]):
    """A tag that somebody missed, in the queue of the taxonomy admins."""

    id = serializers.CharField()
    vocabulary = serializers.CharField(help_text="slug")
    text = serializers.CharField()
    language = serializers.CharField()
    state = serializers.ChoiceField(choices=TagProposal.State.choices)
    times_proposed = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class TagListQuery(QuerySerializer):
    vocabulary = VocabularyReference()
    status = serializers.ChoiceField(choices=Tag.Status.choices, required=False)
    parent = PublicIdField(Tag.id_prefix, required=False, help_text="id of a tag: only the tags directly under it")  # type: ignore[assignment]
    label_language = LanguageField(help_text=LABEL_LANGUAGE_HELP)


class TagSearchQuery(QuerySerializer):
    q = CodeField(help_text="start of a name, a word in it, a synonym, or pinyin initials")
    vocabulary = VocabularyReference()
    label_language = LanguageField(help_text=LABEL_LANGUAGE_HELP)
    limit = serializers.IntegerField(default=20, min_value=1, max_value=100)


class TagResolveQuery(QuerySerializer):
    label = CodeField(max_length=MAX_LABEL_LENGTH, help_text="any name of the tag, or its notation")  # type: ignore[assignment]
    vocabulary = VocabularyReference()
    label_language = LanguageField(help_text=LABEL_LANGUAGE_HELP)


class TagQuery(QuerySerializer):
    label_language = LanguageField(help_text=LABEL_LANGUAGE_HELP)


class ProposalRequest(StrictSerializer):
    """The name of a tag that is missing."""

    vocabulary = VocabularyReference()
    text = TextField(max_length=MAX_LABEL_LENGTH, allow_blank=False)
    language = LanguageField(help_text="BCP 47 tag; the vocabulary's own when left out")
