"""The watching page: what it shows, what can be chosen, its files, and what it says while there is nothing."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from feedback.models import Recommendation
from recommender.models import DriftValue, ModelAlias, ModelAliasChange
from recommender.models.figures import FIGURES
from recommender.watching.days import add_up_last_days
from recommender.watching.names import GROUPS
from tagplatform.access.models import User
from tagplatform.taxonomy.models import Tag, Vocabulary
from tests.admin.rows import champion
from tests.factories import ModelVersionFactory, SourceFactory, VocabularyFactory
from tests.watching.world import give, make_tags

pytestmark = pytest.mark.django_db
PAGE = reverse("watching:page")


def fill(n_days: int = 10) -> list[Tag]:
    """Two answers a day: one right at once, one with a tag added by hand."""
    tags = make_tags()
    now = timezone.now()
    for ago in range(n_days):
        moment = now - timedelta(days=ago)
        give(tags[:3], final=tags[:1], moment=moment, model_version="news-1")
        give(tags[1:4], final=[tags[2], tags[5]], moment=moment, model_version="news-1")
    add_up_last_days(n_days)
    return tags


def test_the_page_shows_figures_with_intervals_and_the_period_before(admin_client: Client) -> None:
    fill(12)

    page = admin_client.get(PAGE, {"days": 7})

    rows = {row.figure: row for row in page.context["subject"].rows}
    assert rows["hit_rate_at_1"].now.interval.value == 0.5
    assert rows["hit_rate_at_1"].now.n == 14
    assert rows["hit_rate_at_1"].before.n == 10
    assert rows["added_rate"].now.interval.value == pytest.approx(1 / 3)
    assert rows["catalogue_coverage"].now.interval.value == pytest.approx(4 / 6)
    assert "33.3 %" in page.content.decode()


def test_every_group_of_figures_is_drawn_from_data_without_a_script_in_the_page(admin_client: Client) -> None:
    fill()

    page = admin_client.get(PAGE).content.decode()

    charts = json.loads(page.split('<script id="report-figures" type="application/json">')[1].split("</script>")[0])
    assert set(charts) == {group.name for group in GROUPS}
    assert len(charts["hits"]["data"]) == 6  # three lines, each with its band
    assert "cdn" not in page


def test_source_version_and_blind_documents_can_be_chosen(admin_client: Client) -> None:
    tags = fill(2)
    site, now = SourceFactory(), timezone.now()
    give(tags[:1], final=tags[:1], moment=now, source=site, model_version="news-2")
    give(tags[:3], final=tags[2:3], moment=now, policy=Recommendation.Policy.BLIND, model_version="news-2")
    add_up_last_days(2)

    def n_answers(**choice: str) -> int:
        rows = admin_client.get(PAGE, choice).context["subject"].rows
        return next((row.now.n for row in rows if row.figure == "mrr"), 0)

    assert n_answers() == 5
    assert n_answers(source=site.public_id) == 1
    assert n_answers(version="news-1") == 4
    assert n_answers(blind="1") == 1
    assert n_answers(days="nonsense", source="nonsense") == 5


def test_versions_that_went_live_are_marked(admin_client: Client) -> None:
    vocabulary = fill(3)[0].vocabulary
    version = ModelVersionFactory(vocabulary=vocabulary, number=7)
    ModelAliasChange.objects.create(
        vocabulary=vocabulary, name=ModelAlias.Name.CHAMPION, to_version=version, reason="better", position=1
    )

    layout = admin_client.get(PAGE).context["figures"]["hits"]["layout"]

    assert [note["text"] for note in layout["annotations"]] == ["news-7"]


def test_the_file_says_what_the_charts_show(admin_client: Client) -> None:
    fill(3)

    answer = admin_client.get(reverse("watching:figures_csv"), {"days": 30})

    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert {row["figure"] for row in rows} <= set(FIGURES)
    assert [row["value"] for row in rows if row["figure"] == "hit_rate_at_1"] == ["0.5"] * 3
    assert all(float(row["low"]) <= float(row["value"]) <= float(row["high"]) for row in rows if row["low"])


def test_weeks_and_months_add_days_up(admin_client: Client) -> None:
    fill(10)

    by_day, by_week, by_month = (admin_client.get(PAGE, {"days": days}).context["subject"] for days in (30, 90, 365))

    assert len(by_day.steps) == 10
    assert len(by_month.steps) <= len(by_week.steps) < len(by_day.steps)
    for subject in (by_week, by_month):
        assert sum(figures["mrr"].n for figures in subject.steps.values()) == 20


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_opens_in_both_languages_for_readers(reader_client: Client, language: str) -> None:
    fill(2)

    page = reader_client.get(PAGE, headers={"accept-language": language})

    assert page.status_code == 200
    assert ("Over time" in page.content.decode()) == (language == "en")


def test_without_anything_counted_the_page_says_what_to_do(admin_client: Client) -> None:
    empty = admin_client.get(PAGE)
    VocabularyFactory()
    nothing = admin_client.get(PAGE)

    assert empty.status_code == 404
    assert "Import tags and documents first" in empty.content.decode()
    assert nothing.status_code == 200
    assert "manage.py add_up_days" in nothing.content.decode()


def test_a_choice_that_nothing_fits_says_so(admin_client: Client) -> None:
    fill(2)

    page = admin_client.get(PAGE, {"version": "news-99"})

    assert "No answer fits this choice" in page.content.decode()


def test_who_may_not_see_figures_is_turned_away(db: None, client: Client) -> None:
    client.force_login(User.objects.create_user("nobody", is_staff=True))

    assert client.get(PAGE).status_code == 403


def test_the_page_needs_as_many_queries_for_thirty_days_as_for_three(
    admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    fill(30)

    with django_assert_max_num_queries(30):
        admin_client.get(PAGE)


def test_the_first_page_and_the_vocabulary_lead_here(admin_client: Client) -> None:
    version = champion()
    address = f"{PAGE}?vocabulary={version.vocabulary.slug}"

    pages = [reverse("admin:index"), reverse("admin:taxonomy_vocabulary_change", args=[version.vocabulary.pk])]

    assert all(address in admin_client.get(page).content.decode() for page in pages)


def drifted(vocabulary: Vocabulary, tag: Tag, *, days_ago: int = 0) -> None:
    """Tags have drifted, suggestions have not, scores are unknown."""
    day, common = timezone.now().date() - timedelta(days=days_ago), {"n_reference": 900, "n_current": 200}
    for measure, value, is_drift in (("tags", 0.4, True), ("suggested", 0.03, False)):
        DriftValue.objects.create(
            day=day, vocabulary=vocabulary, model_version="news-1", measure=measure, value=value, expected=0.02,
            critical=0.05, limit=0.1, is_drift=is_drift, changes=[[str(tag.pk), 0.1, 0.35, 0.2]], **common,
        )  # fmt: skip
    DriftValue.objects.create(
        day=day, vocabulary=vocabulary, model_version="news-1", measure="scores", limit=0.2, reason="too_few",
        n_reference=900, n_current=3,
    )  # fmt: skip


def test_drift_is_told_in_words_with_what_has_changed(admin_client: Client) -> None:
    tags = fill(2)
    drifted(tags[0].vocabulary, tags[4])
    drifted(tags[0].vocabulary, tags[4], days_ago=1)

    page = admin_client.get(PAGE)

    text = page.content.decode()
    assert [(row.value.measure, row.verdict) for row in page.context["drift"].rows] == [
        ("scores", "too few documents in these days"),
        ("suggested", "no more than chance gives"),
        ("tags", "drift"),
    ]
    assert "1 measure has drifted" in text
    assert "e 10 % → 35 %" in text
    assert {"drift", "drift_lines"} <= set(page.context["figures"])
    lines = csv.DictReader(io.StringIO(admin_client.get(reverse("watching:drift_csv")).content.decode()))
    assert [(line["measure"], line["drift"]) for line in lines if line["measure"] == "tags"] == [("tags", "1")] * 2


def test_where_drift_has_not_been_looked_at_the_page_says_how(admin_client: Client) -> None:
    fill(1)

    assert "manage.py check_drift" in admin_client.get(PAGE).content.decode()
