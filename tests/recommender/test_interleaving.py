"""Champion and challenger fill answers in turns: logged by team, credited by decisions, ended by the rule."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feedback.models import Recommendation, Suggestion
from feedback.services import OutcomeReport, record_outcome
from recommender import comparing, ml
from recommender.challengers import COSTS, put_up_after_training, put_up_challenger, withdraw_challenger
from recommender.challenging import challengers
from recommender.comparing import (
    compare_after_training,
    conclude_comparisons,
    start_interleaving,
    stop_interleaving,
    winners_of,
)
from recommender.following import ChampionFollower
from recommender.ml.interleaving import Team
from recommender.models import ChallengePolicy, Interleaving, ModelVersion, TrainingRun
from recommender.promotion import promote_version
from recommender.selectors import challenger, champion
from recommender.services import Answer, RecommendationRequest, recommend_tags
from recommender.serving import LoadedRanker, rankers
from recommender.shadowing import shadow
from tagplatform.common.errors import Conflict
from tagplatform.content.models import Document
from tests.factories import DocumentFactory, TrainingRunFactory
from tests.tiny_model import FOOTBALL_TEXT, Newsroom, add_version, newsroom_with_model

pytestmark = pytest.mark.django_db(transaction=True)
State = Interleaving.State
COSTS_HELD = [{"name": name, "passed": True} for name in COSTS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("interleaved")


class Contrary:
    """A model of a few lines: what another one likes best it likes least."""

    def __init__(self, scorer: Any) -> None:
        self._scorer = scorer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scorer, name)

    def logits(self, *args: Any) -> tuple[np.ndarray, np.ndarray]:
        logits, truncated = self._scorer.logits(*args)
        return -logits, truncated


@pytest.fixture
def newsroom(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newsroom]:
    """Version 1 answers; a contrary version 2 fills every answer in turns with it."""
    monkeypatch.setattr(comparing, "SETTLING", timedelta(0))
    rankers.forget()
    challengers.forget()
    made = newsroom_with_model(folder)
    second = add_version(made.vocabulary, folder, number=2)
    put_up_challenger(version=second, actor=None, reason="a try")
    ChallengePolicy.objects.update(shadow_share=0.0, interleaving_share=1.0, alpha=0.2, most_documents=40)
    yield made
    shadow.stop()
    challengers.forget()


@pytest.fixture
def comparison(newsroom: Newsroom) -> Interleaving:
    started = start_interleaving(vocabulary=newsroom.vocabulary, actor=None)
    ChampionFollower().look()
    shadow.wait_until_empty()
    challenge = challengers.of(newsroom.vocabulary.pk)
    assert challenge is not None
    loaded = challengers.loaded(challenge)  # opened in the background before anybody has asked
    assert loaded is not None
    ranker = loaded._in_vocabulary._learnt
    contrary = ml.Ranker(
        label_space=ranker.label_space, recipe=ranker.recipe, scorer=Contrary(ranker.scorer),
        calibration=ranker.calibration, digest=ranker.digest,
    )  # fmt: skip
    challengers._loaded[loaded.version.pk] = LoadedRanker(loaded.version, contrary)
    return started


def ask(newsroom: Newsroom, **options: Any) -> Answer:
    newsroom.vocabulary.refresh_from_db()
    asked: dict[str, Any] = {"title": "", "body": FOOTBALL_TEXT, **options}
    return recommend_tags(vocabulary=newsroom.vocabulary, request=RecommendationRequest(**asked))


def stored(answer: Answer) -> Recommendation:
    assert answer.recommendation_id is not None
    return Recommendation.objects.get(pk=answer.recommendation_id)


def decide(newsroom: Newsroom, team: Team | None, *, document: Document | None = None) -> Recommendation:
    """A document answered in turns, of which an editor takes the team's best suggestion (None: nothing)."""
    document = document or DocumentFactory()
    answer = ask(newsroom, document=document)
    final = [next(each.tag.id for each in answer.suggestions if each.team == team)] if team else []
    given = stored(answer)
    report = OutcomeReport("submitted", final, document=document)
    record_outcome(recommendation=given, report=report, actor=None, origin="editor")
    return given


def test_both_fill_the_list_and_each_suggestion_is_logged_with_its_team(
    newsroom: Newsroom, comparison: Interleaving
) -> None:
    answer = ask(newsroom)

    rows = list(Suggestion.objects.filter(recommendation=answer.recommendation_id).order_by("rank"))
    assert [row.team for row in rows] == [each.team for each in answer.suggestions]
    assert {row.team for row in rows[:2]} == {"champion", "challenger"}
    best = next(row for row in rows if row.team == "champion")
    assert best.tag_id == newsroom.tags["football"].pk
    assert Recommendation.objects.get().policy == Recommendation.Policy.INTERLEAVED
    assert [row.rank for row in rows] == [1, 2, 3]
    flags = [row.above_threshold for row in rows]
    assert flags == sorted(flags, reverse=True)


def test_a_text_is_always_drafted_alike_and_texts_differ(newsroom: Newsroom, comparison: Interleaving) -> None:
    def teams(body: str) -> list[str | None]:
        return [each.team for each in ask(newsroom, body=body).suggestions]

    firsts = [teams(f"{FOOTBALL_TEXT} {number}")[0] for number in range(30)]

    assert teams("a goal") == teams("a goal")
    assert set(firsts) == {"champion", "challenger"}


def test_only_the_share_is_interleaved_and_nothing_that_is_not_stored(
    newsroom: Newsroom, comparison: Interleaving
) -> None:
    unstored = ask(newsroom, store=False)
    blind = ask(newsroom, policy=Recommendation.Policy.BLIND)
    Interleaving.objects.update(share=0.3)
    ChampionFollower().look()
    answers = [ask(newsroom, body=f"{FOOTBALL_TEXT} {number}") for number in range(60)]

    assert unstored.policy == "normal" and blind.policy == "blind"
    assert 6 < sum(answer.policy == "interleaved" for answer in answers) < 32


def test_a_challenger_that_fails_leaves_the_champions_answer(
    newsroom: Newsroom, comparison: Interleaving, caplog: pytest.LogCaptureFixture
) -> None:
    (loaded,) = challengers._loaded.values()
    loaded._in_vocabulary._learnt.scorer.logits = None  # type: ignore[method-assign,assignment]

    answer = ask(newsroom)

    assert (answer.policy, answer.suggestions[0].tag.notation) == ("normal", "football")
    assert "the champion's answer stands" in caplog.text


def test_acceptance_is_credited_and_removal_takes_it_back(newsroom: Newsroom, comparison: Interleaving) -> None:
    decide(newsroom, Team.CHALLENGER)
    decide(newsroom, None)
    won = decide(newsroom, Team.CHAMPION)
    before = winners_of(comparison)

    report = OutcomeReport("submitted", [], document=Document.objects.get(outcomes=won.pk))
    record_outcome(recommendation=won, report=report, actor=None, origin="editor")

    assert before == [Team.CHALLENGER, None, Team.CHAMPION]
    assert winners_of(comparison) == [Team.CHALLENGER, None, None]


def test_removal_by_a_later_answer_takes_it_back_and_a_document_counts_once(
    newsroom: Newsroom, comparison: Interleaving
) -> None:
    document = DocumentFactory()
    decide(newsroom, Team.CHALLENGER, document=document)
    before = winners_of(comparison)

    later = ask(newsroom, document=document, limit=1, store=True)
    report = OutcomeReport("submitted", [], document=document)
    given = stored(later)
    record_outcome(recommendation=given, report=report, actor=None, origin="editor")

    assert (before, winners_of(comparison)) == ([Team.CHALLENGER], [None])


def test_it_goes_on_while_nothing_is_sure_and_then_the_switch_goes_off(
    newsroom: Newsroom, comparison: Interleaving
) -> None:
    for number in range(14):
        decide(newsroom, Team.CHALLENGER)
        if number == 2:
            assert conclude_comparisons() == 0

    assert conclude_comparisons() == 1
    comparison.refresh_from_db()

    assert (comparison.state, comparison.n_challenger, comparison.n_champion) == (State.CHALLENGER_BETTER, 14, 0)
    assert comparison.reason.startswith("newsroom-2 is preferred to newsroom-1: newsroom-2 won 100% (")
    assert conclude_comparisons() == 0
    ChampionFollower().look()
    assert ask(newsroom).policy == "normal"
    assert champion(newsroom.vocabulary) == newsroom.version  # promoted by hand, unless the policy says otherwise
    assert challenger(newsroom.vocabulary) == comparison.challenger


def test_the_champion_can_win_and_nobody(newsroom: Newsroom, comparison: Interleaving) -> None:
    for _ in range(14):
        decide(newsroom, Team.CHAMPION)
    conclude_comparisons()
    again = start_interleaving(vocabulary=newsroom.vocabulary, actor=None)
    Interleaving.objects.filter(pk=again.pk).update(most_documents=3)
    ChampionFollower().look()
    for _ in range(3):
        decide(newsroom, None)

    conclude_comparisons()

    comparison.refresh_from_db()
    again.refresh_from_db()
    assert (comparison.state, again.state) == (State.CHAMPION_BETTER, State.NO_DIFFERENCE)
    assert (again.n_draws, again.n_champion) == (3, 0)


@pytest.mark.parametrize(("within_budget", "live"), [(True, "newsroom-2"), (False, "newsroom-1")])
def test_a_winner_goes_live_by_itself_only_within_its_budgets(
    newsroom: Newsroom, comparison: Interleaving, within_budget: bool, live: str
) -> None:
    costs = [{"name": "latency_ms", "passed": within_budget}, {"name": "ndcg_at_5", "passed": False}]
    run = TrainingRunFactory(vocabulary=newsroom.vocabulary, report={"gate": {"criteria": costs}})
    ModelVersion.objects.filter(number=2).update(training_run=run)
    ChallengePolicy.objects.update(promote_winner=True)
    for _ in range(14):
        decide(newsroom, Team.CHALLENGER)

    conclude_comparisons()

    present = champion(newsroom.vocabulary)
    assert present is not None and present.name == live
    assert (challenger(newsroom.vocabulary) is None) == within_budget
    assert Interleaving.objects.get().state == State.CHALLENGER_BETTER


def test_it_is_started_once_and_stopped_by_people_or_by_a_move(newsroom: Newsroom, comparison: Interleaving) -> None:
    with pytest.raises(Conflict, match="running already"):
        start_interleaving(vocabulary=newsroom.vocabulary, actor=None)
    decide(newsroom, Team.CHALLENGER)

    stopped = stop_interleaving(vocabulary=newsroom.vocabulary, actor=None, reason="enough")

    assert (stopped.state, stopped.reason, stopped.n_challenger) == (State.STOPPED, "enough", 1)
    with pytest.raises(Conflict, match="No comparison"):
        stop_interleaving(vocabulary=newsroom.vocabulary, actor=None, reason="")
    start_interleaving(vocabulary=newsroom.vocabulary, actor=None)
    promote_version(version=comparison.challenger, actor=None, reason="better")
    assert not Interleaving.objects.filter(state=State.RUNNING).exists()
    with pytest.raises(Conflict, match="Put a version up first"):
        start_interleaving(vocabulary=newsroom.vocabulary, actor=None)


def test_a_withdrawn_challenger_is_compared_no_more(newsroom: Newsroom, comparison: Interleaving) -> None:
    withdraw_challenger(vocabulary=newsroom.vocabulary, actor=None, reason="slow")

    ChampionFollower().look()

    assert ask(newsroom).policy == "normal"
    assert Interleaving.objects.get().state == State.STOPPED


def held_back(newsroom: Newsroom) -> tuple[TrainingRun, dict[str, Any]]:
    """A run whose version keeps its budgets and was kept back by the gate all the same, and its report."""
    version = ModelVersion.objects.get(number=2)
    withdraw_challenger(vocabulary=newsroom.vocabulary, actor=None, reason="to begin anew")
    run = TrainingRunFactory(vocabulary=newsroom.vocabulary)
    ModelVersion.objects.filter(pk=version.pk).update(training_run=run)
    return run, {"promoted": False, "reason": "nDCG@5 −3.1", "gate": {"criteria": COSTS_HELD}}


@pytest.mark.parametrize("compares", [True, False])
def test_what_the_gate_kept_back_is_put_up_and_compared_by_itself_where_the_policy_says_so(
    newsroom: Newsroom, compares: bool
) -> None:
    run, report = held_back(newsroom)
    ChallengePolicy.objects.update(put_up_by_itself=True, compare_by_itself=compares)

    assert put_up_after_training(run, report)
    begun = compare_after_training(newsroom.vocabulary)

    assert challenger(newsroom.vocabulary) == ModelVersion.objects.get(number=2)
    assert (begun is not None) == compares
    if begun is not None:
        assert (begun.state, begun.started_by, begun.share) == (State.RUNNING, None, 1.0)
        assert compare_after_training(newsroom.vocabulary) is None  # one at a time


def test_nothing_is_put_up_that_went_live_breaks_a_budget_or_is_not_wanted(newsroom: Newsroom) -> None:
    run, report = held_back(newsroom)
    too_large = {"criteria": [*COSTS_HELD[1:], {"name": COSTS[0], "passed": False}]}

    unwanted = put_up_after_training(run, report)
    ChallengePolicy.objects.update(put_up_by_itself=True)

    assert not unwanted
    assert not put_up_after_training(run, report | {"promoted": True})
    assert not put_up_after_training(run, report | {"gate": too_large})
    assert challenger(newsroom.vocabulary) is None
