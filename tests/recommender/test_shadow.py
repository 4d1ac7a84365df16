"""A challenger answers in the shadow: a share of live requests, in the background, at nobody's cost."""

import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prometheus_client import REGISTRY

from feedback.models import Recommendation
from feedback.services import OutcomeReport, record_outcome
from recommender import ml
from recommender.challengers import put_up_challenger, withdraw_challenger
from recommender.challenging import challengers
from recommender.following import ChampionFollower
from recommender.models import ChallengePolicy, ModelAliasChange, ModelVersion, ShadowAnswer
from recommender.promotion import promote_version
from recommender.registry import bundle_directory
from recommender.selectors import challenger
from recommender.services import Answer, RecommendationRequest, recommend_tags
from recommender.serving import LoadedRanker, rankers
from recommender.shadowing import Shadow, answers_under_way, shadow
from recommender.shadows import shadow_report
from tagplatform.common.errors import Conflict
from tests.factories import DocumentFactory, ModelVersionFactory, VocabularyFactory
from tests.tiny_model import FOOTBALL_TEXT, Newsroom, add_version, newsroom_with_model

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shadow")


@pytest.fixture
def newsroom(folder: Path) -> Iterator[Newsroom]:
    """A champion, number 1; nothing of another test is waiting."""
    rankers.forget()
    challengers.forget()
    yield newsroom_with_model(folder)
    shadow.stop()
    challengers.forget()


@pytest.fixture
def second(newsroom: Newsroom, folder: Path) -> ModelVersion:
    """Put up, and answering in the shadow of every request."""
    version = add_version(newsroom.vocabulary, folder, number=2)
    put_up_challenger(version=version, actor=None, reason="a try")
    ChallengePolicy.objects.update(shadow_share=1.0)
    ChampionFollower().look()
    return version


def ask(newsroom: Newsroom, body: str = FOOTBALL_TEXT, **options: Any) -> Answer:
    newsroom.vocabulary.refresh_from_db()
    return recommend_tags(vocabulary=newsroom.vocabulary, request=RecommendationRequest(title="", body=body, **options))


def counted(result: str) -> float:
    labels = {"vocabulary": "newsroom", "result": result}
    return REGISTRY.get_sample_value("tagplatform_shadow_answers_total", labels) or 0.0


def test_the_challengers_answer_is_kept_and_never_shown(newsroom: Newsroom, second: ModelVersion) -> None:
    answer = ask(newsroom)
    shadow.wait_until_empty()

    kept = ShadowAnswer.objects.get()
    assert (kept.recommendation_id, kept.version_id) == (answer.recommendation_id, second.pk)
    assert kept.tag_ids == [each.tag.id for each in answer.suggestions]
    assert kept.probabilities == pytest.approx([each.probability for each in answer.suggestions])
    assert 0 < kept.seconds < 5
    assert answer.model_version == Recommendation.objects.get().model_version == "newsroom-1"


def test_only_the_policys_share_is_answered_and_always_the_same_one(newsroom: Newsroom, second: ModelVersion) -> None:
    ChallengePolicy.objects.update(shadow_share=0.3)
    ChampionFollower().look()
    waiting = Shadow(size=1000)

    answers = [ask(newsroom) for _ in range(120)]
    taken = [waiting.offer(newsroom.vocabulary, request_of(), answer, ()) for answer in answers]
    again = [waiting.offer(newsroom.vocabulary, request_of(), answer, ()) for answer in answers]

    assert taken == again
    assert 15 < sum(taken) < 60


def request_of(**options: Any) -> RecommendationRequest:
    return RecommendationRequest(title="", body=FOOTBALL_TEXT, **options)


def test_blind_answers_are_always_put_to_the_challenger(newsroom: Newsroom, second: ModelVersion) -> None:
    ChallengePolicy.objects.update(shadow_share=0.0)
    ChampionFollower().look()

    ask(newsroom)
    ask(newsroom, policy=Recommendation.Policy.BLIND)
    shadow.wait_until_empty()

    blind = Recommendation.objects.get(policy=Recommendation.Policy.BLIND)
    assert [each.recommendation_id for each in ShadowAnswer.objects.all()] == [blind.pk]


def test_what_is_not_stored_is_not_put_to_the_challenger(newsroom: Newsroom, second: ModelVersion) -> None:
    ask(newsroom, store=False)
    shadow.wait_until_empty()

    assert not ShadowAnswer.objects.exists()


class Stumbling:
    """A model that takes its time and then fails, or waits to be let go."""

    def __init__(self, ranker: ml.Ranker, *, error: Exception | None = None) -> None:
        self.entered, self.let_go, self.error = threading.Event(), threading.Event(), error
        self._scorer = ranker.scorer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scorer, name)

    def logits(self, *args: Any) -> Any:
        self.entered.set()
        self.let_go.wait(20)
        if self.error is not None:
            raise self.error
        return self._scorer.logits(*args)


def stumbling(version: ModelVersion, error: Exception | None = None) -> Stumbling:
    """Let this process's challenger stumble."""
    challenge = challengers.of(version.vocabulary_id)
    assert challenge is not None
    loaded = challengers.load(challenge)
    assert loaded is not None
    ranker = loaded._in_vocabulary._learnt
    scorer = Stumbling(ranker, error=error)
    broken = ml.Ranker(
        label_space=ranker.label_space, recipe=ranker.recipe, scorer=scorer, calibration=ranker.calibration,
        digest=ranker.digest,
    )  # fmt: skip
    challengers._loaded[version.pk] = LoadedRanker(version, broken)
    return scorer


def test_nobody_waits_for_a_slow_challenger_and_what_is_too_much_is_dropped(
    newsroom: Newsroom, second: ModelVersion
) -> None:
    slow = stumbling(second)
    ask(newsroom)
    assert slow.entered.wait(10)
    dropped_before = counted("dropped")

    started = time.monotonic()
    answers = [ask(newsroom) for _ in range(60)]
    taken = time.monotonic() - started

    assert taken < 15  # the challenger alone would have taken 20 seconds for the first of them
    assert not slow.let_go.is_set()
    assert all(answer.suggestions for answer in answers)
    assert counted("dropped") - dropped_before == 60 - 32
    slow.let_go.set()
    shadow.wait_until_empty()
    assert ShadowAnswer.objects.count() == 33


def test_a_challenger_that_fails_is_nobodys_trouble(
    newsroom: Newsroom, second: ModelVersion, caplog: pytest.LogCaptureFixture
) -> None:
    broken = stumbling(second, error=ArithmeticError("no"))
    broken.let_go.set()
    failed_before = counted("failed")

    answers = [ask(newsroom) for _ in range(3)]
    shadow.wait_until_empty()
    challengers.forget()
    ChampionFollower().look()
    later = ask(newsroom)
    shadow.wait_until_empty()

    assert all(answer.suggestions for answer in answers)
    assert counted("failed") - failed_before == 3
    assert "nobody waits for it" in caplog.text
    assert [each.recommendation_id for each in ShadowAnswer.objects.all()] == [later.recommendation_id]


def test_a_bundle_that_is_gone_leaves_the_champion_alone(newsroom: Newsroom, second: ModelVersion) -> None:
    (bundle_directory(second) / "manifest.json").unlink()
    before = counted("unavailable")

    answer = ask(newsroom)
    shadow.wait_until_empty()

    assert answer.suggestions and counted("unavailable") == before + 1


def test_it_waits_until_no_answer_is_under_way() -> None:
    with answers_under_way.one():
        assert not answers_under_way.wait_for_none(0.01)
    assert answers_under_way.wait_for_none(0.01)


def test_a_challenger_is_put_up_replaced_and_withdrawn_with_a_history(
    newsroom: Newsroom, second: ModelVersion, folder: Path
) -> None:
    third = add_version(newsroom.vocabulary, folder, number=3)

    assert put_up_challenger(version=third, actor=None, reason="newer") is not None
    assert put_up_challenger(version=third, actor=None, reason="again") is None
    assert withdraw_challenger(vocabulary=newsroom.vocabulary, actor=None, reason="enough") == third

    moves = ModelAliasChange.objects.filter(name="challenger").order_by("position")
    assert [(move.from_version_id, move.to_version_id, move.position) for move in moves] == [
        (None, second.pk, 1),
        (second.pk, third.pk, 2),
        (third.pk, None, 3),
    ]
    assert challenger(newsroom.vocabulary) is None
    with pytest.raises(Conflict, match="has no challenger"):
        withdraw_challenger(vocabulary=newsroom.vocabulary, actor=None, reason="")


def test_the_champion_cannot_be_its_own_challenger(newsroom: Newsroom, second: ModelVersion) -> None:
    with pytest.raises(Conflict, match="champion already"):
        put_up_challenger(version=newsroom.version, actor=None, reason="")

    promote_version(version=second, actor=None, reason="better")

    assert challenger(newsroom.vocabulary) is None
    assert ModelAliasChange.objects.filter(name="challenger", to_version=None).exists()


def test_what_cannot_answer_cannot_be_put_up(newsroom: Newsroom) -> None:
    with pytest.raises(Conflict, match="corrupt"):
        put_up_challenger(version=ModelVersionFactory(vocabulary=newsroom.vocabulary, number=8), actor=None, reason="")
    with pytest.raises(Conflict, match="no champion"):
        put_up_challenger(version=other_vocabulary_version(newsroom), actor=None, reason="")


def other_vocabulary_version(newsroom: Newsroom) -> ModelVersion:
    """One whose bundle opens, in a vocabulary without a champion."""
    version = newsroom.version
    copy: ModelVersion = ModelVersionFactory(
        vocabulary=VocabularyFactory(), bundle_path=version.bundle_path, bundle_digest=version.bundle_digest
    )
    return copy


def shadow_of(newsroom: Newsroom, version: ModelVersion, tags: Sequence[str], **options: Any) -> Recommendation:
    """An answer of the champion with what the version would have answered."""
    answer = ask(newsroom, **options)
    assert answer.recommendation_id is not None
    ids = [newsroom.tags[name].pk for name in tags]
    ShadowAnswer.objects.create(
        recommendation_id=answer.recommendation_id, version=version, tag_ids=ids, probabilities=[0.5] * len(ids),
        seconds=0.002,
    )  # fmt: skip
    return Recommendation.objects.get(pk=answer.recommendation_id)


def test_the_report_measures_both_on_blind_documents_and_counts_each_text_once(newsroom: Newsroom) -> None:
    version = ModelVersionFactory(vocabulary=newsroom.vocabulary, number=2)
    document = DocumentFactory()
    for _ in range(2):
        blind = shadow_of(
            newsroom, version, ["cooking", "football"], document=document, policy=Recommendation.Policy.BLIND
        )
    report = OutcomeReport("submitted", [newsroom.tags["football"].pk], document=document)
    record_outcome(recommendation=blind, report=report, actor=None, origin="editor")
    shadow_of(newsroom, version, ["football", "astronomy", "cooking"], body="a goal")

    found = shadow_report(version)

    assert found is not None and found.champion == "newsroom-1"
    figures = found.figures
    assert (figures.n, figures.n_blind) == (2, 1)
    assert figures.agreement[1].value == 0.5
    assert figures.ndcg is not None and figures.acceptance is not None
    assert figures.ndcg.champion.value == 1.0
    assert figures.ndcg.challenger.value == pytest.approx(1 / np.log2(3))
    assert figures.ndcg.difference.value == pytest.approx(1 / np.log2(3) - 1)
    assert figures.acceptance.champion.value == figures.acceptance.challenger.value == pytest.approx(0.2)


def test_without_answers_there_is_no_report(newsroom: Newsroom) -> None:
    version = ModelVersionFactory(vocabulary=newsroom.vocabulary, number=2)
    ShadowAnswer.objects.create(
        recommendation_id=uuid.uuid4(), version=version, tag_ids=[], probabilities=[], seconds=0.1
    )

    assert shadow_report(version) is None
