"""Days of the ledger added up: figures worked by hand, the same days again, what does not count."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from feedback.models import Outcome, Recommendation
from recommender.ml.live_figures import Sums, ratio_interval
from recommender.models import DailyFigure, DailyTagCount
from recommender.watching.days import add_up_days
from tagplatform.content.models import TagAssignment
from tagplatform.taxonomy.models import Tag
from tests.factories import DocumentFactory, SourceFactory
from tests.watching.world import DAY, NOON, give, make_tags

pytestmark = pytest.mark.django_db


@pytest.fixture
def tags() -> list[Tag]:
    return make_tags()


def add_up() -> None:
    add_up_days(first=DAY, last=DAY)


def sums(figure: str, **where: object) -> Sums | None:
    row = DailyFigure.objects.filter(figure=figure, **where).first()
    return Sums(row.n, row.y, row.x, row.yy, row.xy, row.xx) if row else None


def value(figure: str, **where: object) -> float:
    found = sums(figure, **where)
    assert found is not None
    return ratio_interval(found).value


def test_the_figures_of_two_answers_are_those_worked_by_hand(tags: list[Tag]) -> None:
    a, b, c, d, e, f = tags
    give([a, b, c, d], final=[a, c, e])  # accepted at 1 and 3, one added
    give([b, a], final=[f])  # nothing accepted, one added

    add_up()

    first = (1 + 1 / 2) / (1 + 1 / math.log2(3) + 1 / 2)
    assert value("hit_rate_at_1") == value("hit_rate_at_5") == 0.5
    assert value("ndcg_at_5") == pytest.approx(first / 2)
    assert value("mrr") == 0.5
    assert sums("acceptance_at_3") == Sums(2, 2, 5, 4, 6, 13)
    assert sums("added_rate") == Sums(2, 2, 4, 2, 4, 10)


def test_of_accepted_tags_those_are_kept_that_the_document_still_bears_after_thirty_days(tags: list[Tag]) -> None:
    a, b, c, d, *_ = tags
    document = DocumentFactory()
    for tag in (a, b, d):
        TagAssignment.objects.create(document=document, tag=tag, origin="editor")
    # b was not in sight, c has been removed since, d was only tried out
    give([a, b, c, d], final=[a, b, c, d], hidden=[b], tried=[d], document=document)
    give([c], final=[c])  # of a text that is not stored
    lately = timezone.now()
    give([a], final=[a], moment=lately, document=document)

    add_up()
    add_up_days(first=lately.date(), last=lately.date())

    assert sums("kept_rate") == Sums(1, 1, 2, 1, 2, 4)
    assert DailyFigure.objects.filter(figure="kept_rate").count() == 1


def test_the_ideal_of_ndcg_is_as_many_tags_as_there_are_and_k_at_most(tags: list[Tag]) -> None:
    give(tags[:2], final=tags[:2])
    give(tags, final=tags)

    add_up()

    assert [value(f"ndcg_at_{k}") for k in (1, 3, 5)] == pytest.approx([1, 1, 1])


def test_answers_that_nobody_submitted_count_only_as_answers(tags: list[Tag]) -> None:
    give(tags[:3], abstained=True)
    give(tags[:3], final=tags[:1])
    discarded = give(tags[:3])
    Outcome.objects.create(recommendation=discarded, status=Outcome.Status.DISCARDED, final_tag_ids=[tags[0].pk])

    add_up()

    assert sums("abstain_rate") == Sums(3, 1, 3, 1, 1, 3)
    assert sums("submitted_rate") == Sums(3, 1, 3, 1, 1, 3)
    assert sums("hit_rate_at_1") == Sums(1, 1, 1, 1, 1, 1)


def test_shadow_answers_do_not_count_and_blind_ones_stand_apart_and_accept_nothing(tags: list[Tag]) -> None:
    give(tags[:3], final=tags[:1])
    give(tags[:3], final=tags[2:3], policy=Recommendation.Policy.BLIND)
    give(tags[:3], policy=Recommendation.Policy.SHADOW)

    add_up()

    assert sums("abstain_rate", is_blind=False) == Sums(1, 0, 1, 0, 0, 1)
    assert value("mrr", is_blind=True) == pytest.approx(1 / 3)
    assert sums("acceptance_at_3", is_blind=True) is None
    assert sums("added_rate", is_blind=True) is None


def test_what_was_folded_away_is_not_shown_and_what_was_tried_out_counts_apart(tags: list[Tag]) -> None:
    a, b, c, *_ = tags
    give([a, b, c], final=[a, c], hidden=[b], tried=[c], policy=Recommendation.Policy.EXPLORATION)

    add_up()

    assert sums("acceptance_at_3") == Sums(1, 1, 1, 1, 1, 1)
    assert sums("trial_acceptance") == Sums(1, 1, 1, 1, 1, 1)
    assert sums("added_rate") == Sums(1, 0, 2, 0, 0, 4)
    counts = {row.tag_id: (row.shown, row.accepted, row.added, row.tried) for row in DailyTagCount.objects.all()}
    assert counts == {a.pk: (1, 1, 0, 0), b.pk: (0, 0, 0, 0), c.pk: (0, 0, 0, 1)}


def test_a_trial_that_stayed_folded_has_tried_nothing_out(tags: list[Tag]) -> None:
    a, b, *_ = tags
    give([a, b], final=[a], hidden=[b], tried=[b], policy=Recommendation.Policy.EXPLORATION)

    add_up()

    assert sums("trial_acceptance") is None
    assert DailyTagCount.objects.get(tag=b).tried == 0


def test_tags_that_the_document_bore_before_and_nobody_suggested_are_nobodys_merit(tags: list[Tag]) -> None:
    a, b, c, *_ = tags
    give([a, b], final=[a, b, c], before=[b, c])

    add_up()

    assert sums("added_rate") == Sums(1, 0, 2, 0, 0, 4)
    assert not DailyTagCount.objects.filter(tag=c).exists()


def test_a_document_without_any_tag_has_no_ranking_figure_but_refuses_what_was_shown(tags: list[Tag]) -> None:
    give(tags[:2], final=[])

    add_up()

    assert sums("mrr") is None
    assert sums("acceptance_at_3") == Sums(1, 0, 2, 0, 0, 4)


def test_days_sources_and_versions_are_told_apart(tags: list[Tag]) -> None:
    site = SourceFactory()
    give(tags[:1], final=tags[:1], source=site)
    give(tags[:1], final=tags[:1], document=DocumentFactory(source=site))  # asked for by a person, without a source
    give(tags[:1], final=tags[:1], model_version="news-2")
    give(tags[:1], final=tags[:1], moment=datetime(2026, 10, 14, 23, 59, 59, 999_000, tzinfo=UTC))
    give(tags[:1], final=tags[:1], moment=datetime(2026, 10, 15, tzinfo=UTC))

    add_up_days(first=DAY, last=DAY + timedelta(days=1))

    rows = DailyFigure.objects.filter(figure="mrr").values_list("day", "source", "model_version", "n")
    tomorrow = DAY + timedelta(days=1)
    assert set(rows) == {
        (DAY, site.pk, "test-1", 2), (DAY, None, "news-2", 1), (DAY, None, "test-1", 1), (tomorrow, None, "test-1", 1)
    }  # fmt: skip


def test_interleaved_answers_are_told_apart_from_the_versions_own(tags: list[Tag]) -> None:
    give(tags[:1], final=tags[:1], policy=Recommendation.Policy.INTERLEAVED)
    give(tags[:1], final=tags[:1])

    add_up()

    rows = DailyFigure.objects.filter(figure="mrr").values_list("model_version", "n")
    assert set(rows) == {("test-1", 1), ("test-1 (interleaved)", 1)}


def test_the_same_days_again_give_the_same_rows_and_late_outcomes_come_in(tags: list[Tag]) -> None:
    given = give(tags[:3], final=tags[:1])
    add_up()
    Outcome.objects.filter(pk=given.pk).update(final_tag_ids=[tags[1].pk])
    give(tags[:1], final=tags[:1], moment=NOON - timedelta(days=1))

    add_up()
    add_up()

    assert DailyFigure.objects.filter(figure="mrr").count() == 1
    assert value("mrr") == 0.5
    assert set(DailyFigure.objects.values_list("day", flat=True)) == {DAY}


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="no period"):
        add_up_days(first=DAY, last=DAY - timedelta(days=1))
