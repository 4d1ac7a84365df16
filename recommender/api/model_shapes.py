"""What requests about models and training runs and their answers look like."""

from typing import Any

from rest_framework import serializers

from recommender.models import ModelAlias, ModelVersion, TrainingRun, recipe_choices
from tagplatform.common.fields import PublicIdField, QuerySerializer, StrictSerializer, TextField
from tagplatform.taxonomy.api.shapes import VocabularyReference

MAX_REASON = 500


class ModelShape(serializers.Serializer[Any]):
    """A model version: what it was trained on and how good it is."""

    id = serializers.CharField()
    name = serializers.CharField(help_text="as recommendations name it")
    vocabulary = serializers.CharField(help_text="slug")
    number = serializers.IntegerField()
    recipe = serializers.ChoiceField(choices=recipe_choices())
    status = serializers.ChoiceField(choices=ModelVersion.Status.choices)
    aliases = serializers.ListField(child=serializers.ChoiceField(choices=ModelAlias.Name.choices))
    training_run = serializers.CharField(allow_null=True, help_text="id of the run that made it")
    n_documents = serializers.IntegerField()
    n_labels = serializers.IntegerField()
    data_from = serializers.DateTimeField(allow_null=True)
    data_until = serializers.DateTimeField(allow_null=True)
    metrics = serializers.DictField(
        child=serializers.JSONField(), help_text="measure → value with the ends of its interval, on held-out documents"
    )
    created_at = serializers.DateTimeField()


class ModelBrief(serializers.Serializer[Any]):
    """A model version as it stands in other answers."""

    id = serializers.CharField()
    name = serializers.CharField()


class AliasShape(serializers.Serializer[Any]):
    """A name that answers go by."""

    vocabulary = serializers.CharField(help_text="slug")
    alias = serializers.ChoiceField(choices=ModelAlias.Name.choices)
    model = ModelBrief()
    moved_at = serializers.DateTimeField()


class AliasesAnswer(serializers.Serializer[Any]):
    """The aliases of every vocabulary."""

    results = AliasShape(many=True)


class PromoteRequest(StrictSerializer):
    """Which version is to go live."""

    model = PublicIdField(ModelVersion.id_prefix, help_text="id of the model version")
    reason = TextField(default="", max_length=MAX_REASON, help_text="kept in the history of the alias")


class RollBackRequest(StrictSerializer):
    """Whose champion is to go back to the version before."""

    vocabulary = VocabularyReference()
    reason = TextField(default="", max_length=MAX_REASON, help_text="kept in the history of the alias")


class RunShape(serializers.Serializer[Any]):
    """One attempt to make a model version."""

    id = serializers.CharField()
    vocabulary = serializers.CharField(help_text="slug")
    recipe = serializers.ChoiceField(choices=recipe_choices())
    trigger = serializers.ChoiceField(choices=TrainingRun.Trigger.choices)
    state = serializers.ChoiceField(choices=TrainingRun.State.choices)
    stage = serializers.CharField(help_text="what it is doing now")
    progress = serializers.FloatField(help_text="share of the work that is done, 0 to 1")
    reason = serializers.CharField(help_text="why it was skipped, failed, or not promoted")
    cancel_requested = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class RunDetail(RunShape):
    """One attempt with its report and the end of its log."""

    report = serializers.DictField(child=serializers.JSONField())
    log_tail = serializers.CharField()


class RunRequest(StrictSerializer):
    """What to train."""

    vocabulary = VocabularyReference()
    recipe = serializers.ChoiceField(
        choices=recipe_choices(), required=False, help_text="the vocabulary's own recipe when left out"
    )


class VocabularyQuery(QuerySerializer):
    vocabulary = VocabularyReference(help_text="slug or id; all vocabularies when left out")


class RunQuery(VocabularyQuery):
    state = serializers.ChoiceField(choices=TrainingRun.State.choices, required=False)
