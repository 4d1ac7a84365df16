"""What requests about models and training runs and their answers look like."""

from typing import Any

from rest_framework import serializers

from recommender.gate_words import NAME_BY_CRITERION
from recommender.models import Interleaving, ModelAlias, ModelVersion, TrainingRun, recipe_choices
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
    parent = serializers.CharField(  # type: ignore[assignment]
        allow_null=True, help_text="id of the version that it is an update of"
    )
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
    kind = serializers.ChoiceField(
        choices=TrainingRun.Kind.choices, allow_null=True, help_text="null until it is decided"
    )
    kind_reason = serializers.CharField(help_text="why it is full or incremental")
    parent = serializers.CharField(  # type: ignore[assignment]
        allow_null=True, help_text="id of the model version that an incremental run updates"
    )
    trigger = serializers.ChoiceField(choices=TrainingRun.Trigger.choices)
    state = serializers.ChoiceField(choices=TrainingRun.State.choices)
    stage = serializers.CharField(help_text="what it is doing now")
    progress = serializers.FloatField(help_text="share of the work that is done, 0 to 1")
    reason = serializers.CharField(help_text="why it was skipped, failed, or not promoted")
    cancel_requested = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class TagLossShape(serializers.Serializer[Any]):
    """A tag that is found less often than the champion finds it."""

    tag_id = serializers.CharField()
    n_documents = serializers.IntegerField(help_text="held-out documents that bear the tag")
    recall = serializers.FloatField()
    champion_recall = serializers.FloatField()
    certain = serializers.BooleanField(help_text="chance is no explanation: the tag keeps the version back")


class CriterionShape(serializers.Serializer[Any]):
    """One line of the gate; what could not be measured is null and passes."""

    name = serializers.ChoiceField(choices=[(name, str(words)) for name, words in NAME_BY_CRITERION.items()])
    passed = serializers.BooleanField()
    value = serializers.FloatField(allow_null=True, help_text="of the new version")
    champion = serializers.FloatField(allow_null=True, help_text="the champion's, on the same documents")
    change = serializers.FloatField(allow_null=True, help_text="new minus champion; of tag_recall the worst tag's")
    low = serializers.FloatField(allow_null=True, help_text="lower end of the 95 % interval of the change")
    high = serializers.FloatField(allow_null=True, help_text="upper end of the 95 % interval of the change")
    limit = serializers.FloatField(help_text="the greatest loss that is allowed, or the budget")
    n = serializers.IntegerField(help_text="documents, tags or labels that it stands on")
    tags = TagLossShape(many=True)
    words = serializers.CharField()


class BestCutsShape(serializers.Serializer[Any]):
    """The probability from which each version's tags count for F1: where it does best on the documents compared."""

    version = serializers.FloatField(help_text="of the new version")
    champion = serializers.FloatField()


class GateShape(serializers.Serializer[Any]):
    """What a version had to hold before it could go live."""

    passed = serializers.BooleanField()
    compared_with = serializers.CharField(allow_null=True, help_text="name of the champion at the time")
    note = serializers.CharField()
    n_documents = serializers.IntegerField(help_text="documents that neither version has learnt from")
    best_cuts = BestCutsShape(allow_null=True, help_text="null without a champion to compare with")
    criteria = CriterionShape(many=True)


class RunDetail(RunShape):
    """One attempt with its report and the end of its log."""

    gate = GateShape(allow_null=True, help_text="null until the candidate has been measured")
    report = serializers.DictField(child=serializers.JSONField())
    log_tail = serializers.CharField()


class RunRequest(StrictSerializer):
    """What to train."""

    vocabulary = VocabularyReference()
    recipe = serializers.ChoiceField(
        choices=recipe_choices(), required=False, help_text="the vocabulary's own recipe when left out"
    )
    kind = serializers.ChoiceField(
        choices=TrainingRun.Kind.choices,
        required=False,
        help_text="as the vocabulary's training policy says when left out",
    )


class VocabularyQuery(QuerySerializer):
    vocabulary = VocabularyReference(help_text="slug or id; all vocabularies when left out")


class RunQuery(VocabularyQuery):
    state = serializers.ChoiceField(choices=TrainingRun.State.choices, required=False)


class WithdrawRequest(QuerySerializer):
    """Whose challenger is to be withdrawn."""

    vocabulary = VocabularyReference()
    reason = TextField(default="", max_length=MAX_REASON, help_text="kept in the history of the alias")


class IntervalShape(serializers.Serializer[Any]):
    """A mean over texts with its 95 % bootstrap interval; null where it cannot be told."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class ComparedShape(serializers.Serializer[Any]):
    """One measure of both versions over the same texts."""

    champion = IntervalShape()
    challenger = IntervalShape()
    difference = IntervalShape(help_text="challenger minus champion")


class ShadowShape(serializers.Serializer[Any]):
    """A version's answers in the shadow beside what the champion answered."""

    champion = serializers.CharField(help_text="name of the version that answered")
    since = serializers.DateTimeField(help_text="of the oldest shadow answer that counts")
    n_texts = serializers.IntegerField(help_text="each text counts once, by its latest answer")
    n_blind = serializers.IntegerField(help_text="of these, documents tagged before anybody saw a suggestion")
    agreement_at_1 = IntervalShape(help_text="share of the first tags that both suggest")
    agreement_at_3 = IntervalShape()
    agreement_at_5 = IntervalShape()
    rank_biased_overlap = IntervalShape(help_text="extrapolated, p = 0.9 (Webber, Moffat, Zobel, 2010)")
    seconds = ComparedShape(help_text="the champion's live answers; processor time of the challenger")
    ndcg_at_5 = ComparedShape(allow_null=True, help_text="on blind documents; null where there are none")
    acceptance_at_5 = ComparedShape(allow_null=True, help_text="share of the first five that was chosen, likewise")


class ComparisonShape(serializers.Serializer[Any]):
    """A comparison by interleaving of this version with the champion."""

    id = serializers.CharField()
    champion = serializers.CharField(help_text="name of the version")
    state = serializers.ChoiceField(choices=Interleaving.State.choices)
    reason = serializers.CharField(help_text="why it ended")
    share = serializers.FloatField(help_text="of the texts")
    alpha = serializers.FloatField(help_text="chance of ever naming a winner where there is no difference")
    most_documents = serializers.IntegerField(help_text="it ends without a winner after so many")
    n_won = serializers.IntegerField(help_text="documents on which more of this version's suggestions were chosen")
    n_lost = serializers.IntegerField(help_text="documents on which more of the champion's were chosen")
    n_draws = serializers.IntegerField()
    share_won = IntervalShape(help_text="of the documents that are no draw; bounds that hold at any moment")
    preference = serializers.FloatField(allow_null=True, help_text="Δ, from -0.5 to 0.5; draws count half for each")
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class ChallengeShape(serializers.Serializer[Any]):
    """What trying a version beside the champion has shown."""

    model = ModelBrief()
    is_challenger = serializers.BooleanField()
    shadow = ShadowShape(allow_null=True, help_text="null where no shadow answer is kept")
    comparisons = ComparisonShape(many=True, help_text="in the open, newest first, ten at most")
