"""One row of every model for the admin's tests, each with what a list shows of it."""

from collections.abc import Callable
from datetime import date
from itertools import count
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from feedback.models import (
    Decision,
    FeedbackEvent,
    LearningCut,
    Outcome,
    StandingRejection,
    Suggestion,
    TagDecisionCount,
    TagMonthTotal,
)
from recommender.models import (
    AdjustmentPolicy,
    Alert,
    AlertDelivery,
    AlertRule,
    ChallengePolicy,
    DailyFigure,
    DailyTagCount,
    DataSnapshot,
    DriftValue,
    EvidencePolicy,
    GatePolicy,
    Interleaving,
    ModelAlias,
    ModelAliasChange,
    ShadowAnswer,
    TrainingPolicy,
    TrainingRun,
    WatchPolicy,
    WebhookEndpoint,
)
from tagplatform.access.models import IdempotencyRecord
from tagplatform.access.services import create_api_key
from tagplatform.content.models import SpotCheck
from tagplatform.content.spot_checks import record_spot_checks
from tagplatform.imports.models import ImportRun
from tagplatform.taxonomy.models import Tag
from tagplatform.taxonomy.services import propose_tag, set_tag_status
from tests.factories import (
    DocumentFactory,
    ModelVersionFactory,
    RecommendationFactory,
    SourceFactory,
    TagAssignmentFactory,
    TagFactory,
    TrainingRunFactory,
    UserFactory,
    VocabularyFactory,
)

numbers = count(1)


def champion() -> Any:
    """A version with a run that made it, live."""
    run = TrainingRunFactory(state=TrainingRun.State.SUCCEEDED)
    version = ModelVersionFactory(
        vocabulary=run.vocabulary,
        training_run=run,
        metrics={"ndcg_at_5": {"value": 0.81, "low": 0.8, "high": 0.82}},
    )
    ModelAlias.objects.create(vocabulary=run.vocabulary, name=ModelAlias.Name.CHAMPION, version=version)
    return version


def recommendation() -> Any:
    """One with a suggestion, a decision and an outcome."""
    tag = TagFactory()
    given = RecommendationFactory(document=DocumentFactory(), source=SourceFactory(), vocabulary=tag.vocabulary)
    Suggestion.objects.create(
        recommendation=given, tag=tag, rank=1, raw_score=1.0, probability=0.7, above_threshold=True
    )
    Decision.objects.create(
        recommendation=given, document=given.document, vocabulary=tag.vocabulary, source=given.source, tag=tag,
        kind=Decision.Kind.ACCEPTED, rank=1, probability=0.7, actor=UserFactory(),
    )  # fmt: skip
    Outcome.objects.create(
        recommendation=given, document=given.document, status=Outcome.Status.SUBMITTED, final_tag_ids=[tag.pk],
        actor=UserFactory(),
    )  # fmt: skip
    return given


def operation() -> Any:
    return set_tag_status(tags=[TagFactory()], status=Tag.Status.RETIRED, actor=UserFactory())


def proposal() -> Any:
    return propose_tag(
        vocabulary=VocabularyFactory(), text=f"missing tag {next(numbers)}", language="en", actor=UserFactory()
    )


def data_snapshot() -> Any:
    """What a run learnt from."""
    run = TrainingRunFactory(state=TrainingRun.State.SUCCEEDED)
    return DataSnapshot.objects.create(
        vocabulary=run.vocabulary, training_run=run, path="nowhere", digest="0" * 64, n_bytes=2048, n_examples=3,
        n_cells=2, bundle_digest="0" * 64, refitted=True,
    )  # fmt: skip


def interleaving() -> Any:
    version = champion()
    return Interleaving.objects.create(
        vocabulary=version.vocabulary, champion=version, challenger=ModelVersionFactory(vocabulary=version.vocabulary),
        share=0.2, alpha=0.05, most_documents=100,
    )  # fmt: skip


def alias_change() -> Any:
    version = champion()
    return ModelAliasChange.objects.create(
        vocabulary=version.vocabulary, name=ModelAlias.Name.CHAMPION, from_version=version, to_version=version,
        actor=UserFactory(), reason="better", position=next(numbers),
    )  # fmt: skip


def api_key() -> Any:
    maker = UserFactory(is_superuser=True)
    key, _text = create_api_key(name="CMS", source=SourceFactory(), scopes=["recommend"], created_by=maker)
    return key


def person() -> Any:
    user = UserFactory()
    user.groups.add(role())
    return user


def role() -> Any:
    return Group.objects.create(name=f"role {next(numbers)}")


def decision_count() -> Any:
    tag = TagFactory()
    return TagDecisionCount.objects.create(
        vocabulary=tag.vocabulary, source=SourceFactory(), tag=tag, actor=UserFactory(), since=timezone.now()
    )


def daily_figure() -> Any:
    return DailyFigure.objects.create(
        day=date(2026, 11, 1), vocabulary=VocabularyFactory(), source=SourceFactory(), model_version="news-1",
        is_blind=False, figure="mrr", n=3, y=2, x=3, yy=2, xy=2, xx=3,
    )  # fmt: skip


def daily_tag_count() -> Any:
    tag = TagFactory()
    return DailyTagCount.objects.create(
        day=date(2026, 11, 1), vocabulary=tag.vocabulary, source=SourceFactory(), model_version="news-1",
        is_blind=False, tag=tag, shown=3, accepted=1, added=0, tried=0,
    )  # fmt: skip


def webhook() -> Any:
    return WebhookEndpoint.objects.create(name=f"Chat {next(numbers)}", url="https://chat.example.org/hook")


def alert() -> Any:
    """An open one, that somebody looks after."""
    rule = AlertRule.objects.create(
        vocabulary=VocabularyFactory(), measure="mrr", comparison="below", limit=0.5, webhook=webhook()
    )
    return Alert.objects.create(rule=rule, value=0.4, last_value=0.3, n_documents=80, acknowledged_by=UserFactory())


def spot_check() -> SpotCheck:
    assignment = TagAssignmentFactory()
    record_spot_checks(document_ids=[assignment.document_id], actor=UserFactory())
    return SpotCheck.objects.get(document=assignment.document)


MAKERS: dict[str, Callable[[], Any]] = {
    "access.apikey": api_key,
    "access.idempotencyrecord": lambda: IdempotencyRecord.objects.create(
        owner="key_1", key=f"k{next(numbers)}", request_hash="0" * 64
    ),
    "access.user": person,
    "auth.group": role,
    "content.document": lambda: TagAssignmentFactory().document,
    "content.source": lambda: DocumentFactory().source,
    "content.spotcheck": spot_check,
    "content.tagassignment": lambda: TagAssignmentFactory(assigned_by=UserFactory()),
    "feedback.decision": lambda: recommendation().decisions.get(),
    "feedback.feedbackevent": lambda: FeedbackEvent.objects.create(
        source=SourceFactory(), event_id=f"e{next(numbers)}", decision_id=recommendation().decisions.get().pk
    ),
    "feedback.learningcut": lambda: LearningCut.objects.create(vocabulary=VocabularyFactory(), since=timezone.now()),
    "feedback.outcome": lambda: recommendation().outcome,
    "feedback.recommendation": recommendation,
    "feedback.standingrejection": lambda: StandingRejection.objects.create(
        tag=TagFactory(), source=SourceFactory(), document=DocumentFactory(), content_hash="0" * 64
    ),
    "feedback.suggestion": lambda: recommendation().suggestions.get(),
    "feedback.tagdecisioncount": decision_count,
    "feedback.tagmonthtotal": lambda: TagMonthTotal.objects.create(tag=TagFactory(), month=date(2026, 11, 1)),
    "imports.importrun": lambda: ImportRun.objects.create(
        kind="tags", target="topics", file_name="tags.jsonl", file_digest="0" * 64, rows_total=10, rows_done=5
    ),
    "recommender.adjustmentpolicy": lambda: AdjustmentPolicy.objects.create(vocabulary=VocabularyFactory()),
    "recommender.dailyfigure": daily_figure,
    "recommender.dailytagcount": daily_tag_count,
    "recommender.challengepolicy": lambda: ChallengePolicy.objects.create(vocabulary=VocabularyFactory()),
    "recommender.alert": alert,
    "recommender.alertdelivery": lambda: AlertDelivery.objects.create(
        alert=alert(), event="opened", value=0.2, channel="mail", target="ops@example.org"
    ),
    "recommender.alertrule": lambda: alert().rule,
    "recommender.webhookendpoint": lambda: webhook(),
    "recommender.datasnapshot": data_snapshot,
    "recommender.driftvalue": lambda: DriftValue.objects.create(
        day=date(2026, 11, 1),
        vocabulary=VocabularyFactory(),
        model_version="news-1",
        measure="tags",
        value=0.2,
        expected=0.1,
        critical=0.15,
        limit=0.1,
        n_reference=9,
        n_current=9,
    ),
    "recommender.watchpolicy": lambda: WatchPolicy.objects.create(vocabulary=VocabularyFactory()),
    "recommender.evidencepolicy": lambda: EvidencePolicy.objects.create(vocabulary=VocabularyFactory()),
    "recommender.interleaving": interleaving,
    "recommender.modelalias": lambda: champion().aliases.get(),
    "recommender.modelaliaschange": alias_change,
    "recommender.modelversion": champion,
    "recommender.gatepolicy": lambda: GatePolicy.objects.create(vocabulary=VocabularyFactory()),
    "recommender.shadowanswer": lambda: ShadowAnswer.objects.create(
        recommendation_id=recommendation().pk, version=champion(), tag_ids=[], probabilities=[], seconds=0.002
    ),
    "recommender.trainingpolicy": lambda: TrainingPolicy.objects.create(vocabulary=VocabularyFactory()),
    "recommender.trainingrun": lambda: TrainingRunFactory(
        requested_by=UserFactory(), state=TrainingRun.State.RUNNING, started_at=timezone.now(), log_tail="collecting"
    ),
    "taxonomy.tag": lambda: TagAssignmentFactory(tag=TagFactory(parent=None)).tag,
    "taxonomy.tagoperation": operation,
    "taxonomy.tagproposal": proposal,
    "taxonomy.vocabulary": lambda: champion().vocabulary,
}
