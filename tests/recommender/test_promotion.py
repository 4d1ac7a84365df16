"""The champion moves while all else goes on: one order of moves, no failed answer, nothing live that cannot answer."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from feedback.models import Recommendation
from recommender import registry
from recommender.following import ChampionFollower
from recommender.models import ModelAlias, ModelAliasChange, ModelVersion
from recommender.promotion import promote_version, roll_back
from recommender.retention import remove_old_bundles
from recommender.selectors import _champion_stack, champion, champion_id, former_champions
from recommender.services import Answer, RecommendationRequest, recommend_tags
from recommender.serving import rankers
from tagplatform.common.errors import Conflict, InvalidInput
from tagplatform.taxonomy.models import Vocabulary
from tests.factories import TrainingRunFactory
from tests.tiny_model import FOOTBALL_TEXT, Newsroom, add_version, newsroom_with_model

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the model of these tests is trained, once."""
    return tmp_path_factory.mktemp("promoted")


@pytest.fixture
def newsroom(folder: Path) -> Newsroom:
    return newsroom_with_model(folder)


@pytest.fixture
def follower(settings: Any) -> Iterator[ChampionFollower]:
    settings.CHAMPION_CHECK_SECONDS = 0.05
    following = ChampionFollower().start()
    yield following
    following.stop()


def ask(vocabulary: Vocabulary, *, store: bool = False) -> Answer:
    vocabulary.refresh_from_db()
    return recommend_tags(
        vocabulary=vocabulary, request=RecommendationRequest(title="", body=FOOTBALL_TEXT, store=store)
    )


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """What each job returned or raised, all started in the same moment, each on a connection of its own."""
    ready = threading.Barrier(len(jobs))

    def do(job: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            ready.wait(timeout=30)
            return job()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [done.result(timeout=60) for done in [pool.submit(do, job) for job in jobs]]


def check_history(vocabulary: Vocabulary) -> None:
    """Each move starts where the one before it ended, and the last one ends at the champion."""
    moves = list(ModelAliasChange.objects.filter(vocabulary=vocabulary, name="champion").order_by("position"))
    assert [move.position for move in moves] == list(range(1, len(moves) + 1))
    assert [move.from_version_id for move in moves] == [None, *(move.to_version_id for move in moves[:-1])]
    assert moves[-1].to_version_id == champion_id(vocabulary)
    assert _champion_stack(vocabulary)[-1] == champion_id(vocabulary)


def wait_for_loaded(number: int, *, seconds: float = 20) -> float:
    """How long it took until that version was loaded; fails when it never is."""
    started = time.monotonic()
    while [version.number for version in rankers.loaded_versions()] != [number]:
        assert time.monotonic() - started < seconds, f"{rankers.loaded_versions()}, not number {number}"
        time.sleep(0.02)
    return time.monotonic() - started


def test_a_promotion_is_followed_without_any_request(
    newsroom: Newsroom, folder: Path, follower: ChampionFollower
) -> None:
    second = add_version(newsroom.vocabulary, folder, number=2)
    wait_for_loaded(1)

    promote_version(version=second, actor=None, reason="better")
    wait_for_loaded(2)

    assert ask(newsroom.vocabulary).model_version == "newsroom-2"


def test_the_first_champion_of_a_vocabulary_is_loaded_without_any_request(
    newsroom: Newsroom, follower: ChampionFollower
) -> None:
    wait_for_loaded(1)

    assert ask(newsroom.vocabulary).degraded is False


def test_the_first_champion_has_ranked_a_text_before_anybody_asks(newsroom: Newsroom) -> None:
    ChampionFollower().look()

    assert rankers.current(newsroom.vocabulary).is_warm


def test_where_nothing_moves_a_look_is_one_query(newsroom: Newsroom, django_assert_num_queries: Any) -> None:
    ask(newsroom.vocabulary)

    with django_assert_num_queries(1):
        ChampionFollower().look()


def test_the_follower_goes_on_after_it_has_lost_its_connection(
    newsroom: Newsroom, folder: Path, follower: ChampionFollower
) -> None:
    second = add_version(newsroom.vocabulary, folder, number=2)
    wait_for_loaded(1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        n_ended = cursor.fetchone()[0]

    promote_version(version=second, actor=None, reason="better")
    wait_for_loaded(2)

    assert n_ended >= 1


def test_no_request_fails_and_answers_switch_while_versions_are_promoted_and_rolled_back(
    newsroom: Newsroom, folder: Path, follower: ChampionFollower
) -> None:
    versions = [newsroom.version, *(add_version(newsroom.vocabulary, folder, number=n) for n in (2, 3))]
    wait_for_loaded(1)
    done = threading.Event()

    def keep_asking() -> set[str]:
        names = set()
        while not done.is_set():
            answer = ask(Vocabulary.objects.get(pk=newsroom.vocabulary.pk), store=True)
            assert answer.suggestions and not answer.degraded
            names.add(answer.model_version)
        return names

    def keep_moving() -> None:
        try:
            for version in (versions[1], versions[2], versions[0], versions[2]):
                promote_version(version=version, actor=None, reason="test")
                wait_for_loaded(version.number)
            roll_back(vocabulary=newsroom.vocabulary, actor=None, reason="test")
            wait_for_loaded(1)
        finally:
            done.set()

    *answered, moved = at_once(keep_asking, keep_asking, keep_asking, keep_moving)

    assert moved is None, moved
    assert set().union(*answered) == {"newsroom-1", "newsroom-2", "newsroom-3"}
    assert Recommendation.objects.count() > 10
    check_history(newsroom.vocabulary)


def test_answers_enter_the_ledger_while_somebody_moves_the_champion(newsroom: Newsroom) -> None:
    ask(newsroom.vocabulary)
    moving, answered = threading.Event(), threading.Event()

    def hold_the_lock() -> bool:
        with transaction.atomic():
            registry.lock_aliases(newsroom.vocabulary.pk)
            moving.set()
            return answered.wait(timeout=20)

    def answer() -> str | None:
        moving.wait(timeout=20)
        public_id = ask(Vocabulary.objects.get(pk=newsroom.vocabulary.pk), store=True).public_id
        answered.set()
        return public_id

    waited, public_id = at_once(hold_the_lock, answer)

    assert waited is True, "the answer waited for the promotion to end"
    assert isinstance(public_id, str)


def test_promotions_at_once_stand_in_one_order(newsroom: Newsroom, folder: Path) -> None:
    versions = [add_version(newsroom.vocabulary, folder, number=number) for number in range(2, 8)]

    moves = at_once(*(partial(promote_version, version=version, actor=None, reason="me") for version in versions))

    assert all(isinstance(move, ModelAliasChange) for move in moves), moves
    assert ModelAlias.objects.count() == 1
    check_history(newsroom.vocabulary)


def test_the_same_promotion_twice_at_once_is_one_move(newsroom: Newsroom, folder: Path) -> None:
    second = add_version(newsroom.vocabulary, folder, number=2)

    moves = at_once(*[lambda: promote_version(version=second, actor=None, reason="me")] * 4)

    assert sum(move is not None for move in moves) == 1, moves
    check_history(newsroom.vocabulary)


def test_a_promotion_and_a_roll_back_at_once_leave_a_history_that_can_be_read(newsroom: Newsroom, folder: Path) -> None:
    second, third = (add_version(newsroom.vocabulary, folder, number=number) for number in (2, 3))
    for _ in range(5):
        promote_version(version=second, actor=None, reason="again")

        promoted, rolled_back = at_once(
            lambda: promote_version(version=third, actor=None, reason="better"),
            lambda: roll_back(vocabulary=newsroom.vocabulary, actor=None, reason="bad"),
        )

        assert isinstance(promoted, ModelAliasChange), promoted
        refused = isinstance(rolled_back, Conflict) and rolled_back.code == "champion_has_changed"
        assert refused or isinstance(rolled_back, ModelVersion), rolled_back
        check_history(newsroom.vocabulary)


def test_two_people_who_roll_back_at_once_go_one_version_back(newsroom: Newsroom, folder: Path) -> None:
    for number in (2, 3):
        version = add_version(newsroom.vocabulary, folder, number=number)
        promote_version(version=version, actor=None, reason="better")
    barrier = threading.Barrier(2)
    opened = registry.open_version

    def open_together(version: ModelVersion) -> Any:
        ranker = opened(version)
        barrier.wait(timeout=20)
        return ranker

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recommender.promotion.open_version", open_together)
        answers = at_once(*[lambda: roll_back(vocabulary=newsroom.vocabulary, actor=None, reason="bad")] * 2)

    assert [version.number for version in answers] == [2, 2]
    assert [version.number for version in former_champions(newsroom.vocabulary)] == [1]
    check_history(newsroom.vocabulary)


def test_a_version_whose_bundle_has_vanished_cannot_be_promoted(newsroom: Newsroom, folder: Path) -> None:
    second = add_version(newsroom.vocabulary, folder, number=2)
    shutil.rmtree(registry.bundle_directory(second))

    with pytest.raises(Conflict) as refusal:
        promote_version(version=second, actor=None, reason="better")

    assert refusal.value.code == "version_not_ready"
    assert champion(newsroom.vocabulary) == newsroom.version
    assert ModelVersion.objects.get(number=2).status == ModelVersion.Status.CORRUPT


def test_a_bundle_that_vanishes_after_its_promotion_leaves_the_answers_to_the_version_before(
    newsroom: Newsroom, folder: Path, follower: ChampionFollower
) -> None:
    second = add_version(newsroom.vocabulary, folder, number=2)
    wait_for_loaded(1)
    shutil.rmtree(registry.bundle_directory(second))
    registry.promote(version=second, actor=None, reason="checked a moment before")

    deadline = time.monotonic() + 20
    while not ask(newsroom.vocabulary).degraded and time.monotonic() < deadline:
        time.sleep(0.02)
    answer = ask(newsroom.vocabulary)

    assert (answer.model_version, answer.degraded) == ("newsroom-1", True)
    assert answer.suggestions


def test_a_corrupt_version_whose_bundle_was_restored_can_be_promoted(newsroom: Newsroom, folder: Path) -> None:
    second = add_version(newsroom.vocabulary, folder, number=2)
    ModelVersion.objects.filter(pk=second.pk).update(status=ModelVersion.Status.CORRUPT)
    second.refresh_from_db()

    promote_version(version=second, actor=None, reason="restored from the backup")

    assert champion(newsroom.vocabulary) == second


def test_what_is_promoted_while_old_bundles_are_removed_keeps_its_bundle_or_is_refused(
    newsroom: Newsroom, folder: Path, settings: Any
) -> None:
    settings.BUNDLES_KEPT = 1
    for number in range(2, 8):
        version = add_version(newsroom.vocabulary, folder, number=number)
        newest = add_version(newsroom.vocabulary, folder, number=number + 100)
        registry.promote(version=newest, actor=None, reason="newest")

        promoted, _removed = at_once(
            partial(promote_version, version=version, actor=None, reason="after all"),
            partial(remove_old_bundles, newsroom.vocabulary),
        )

        now = champion(newsroom.vocabulary)
        assert now is not None and registry.bundle_directory(now).is_dir(), promoted
        assert isinstance(promoted, ModelAliasChange | Conflict), promoted


def test_what_the_gate_kept_back_goes_live_only_with_a_reason(newsroom: Newsroom, folder: Path) -> None:
    second = add_version(newsroom.vocabulary, folder, number=2)
    second.training_run = TrainingRunFactory(
        vocabulary=newsroom.vocabulary, state="succeeded", report={"gate": {"passed": False, "criteria": []}}
    )
    second.save()

    with pytest.raises(InvalidInput) as refusal:
        promote_version(version=second, actor=None, reason=" ", usual_reason="over the API")
    move = promote_version(version=second, actor=None, reason="the newsroom asked for the new tags")

    assert refusal.value.code == "reason_required"
    assert move is not None and move.reason == "the newsroom asked for the new tags"
    assert champion(newsroom.vocabulary) == second
