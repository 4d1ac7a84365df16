"""The admin's first page, its sidebar, the pages for new rows and the scheduler's."""

import pytest
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from recommender.schedules import schedule_every_vocabulary
from tagplatform.access.models import User
from tests.admin.rows import champion
from tests.factories import (
    TagAssignmentFactory,
    VocabularyFactory,
)


@pytest.mark.parametrize(
    "model",
    [
        "taxonomy_tag",
        "taxonomy_vocabulary",
        "content_document",
        "content_source",
        "access_user",
        "access_apikey",
        "auth_group",
        "recommender_gatepolicy",
        "recommender_trainingpolicy",
        "django_celery_beat_periodictask",
        "django_celery_beat_crontabschedule",
    ],
)
def test_pages_for_new_rows_open(admin_client: Client, model: str) -> None:
    answer = admin_client.get(reverse(f"admin:{model}_add"))

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "model",
    ["intervalschedule", "crontabschedule", "solarschedule", "clockedschedule", "periodictask"],
)
def test_schedules_are_listed(admin_client: Client, model: str) -> None:
    schedule_every_vocabulary()

    answer = admin_client.get(reverse(f"admin:django_celery_beat_{model}_changelist"))

    assert answer.status_code == 200


def test_the_monthly_retraining_is_edited_in_the_admin(admin_client: Client) -> None:
    VocabularyFactory()
    schedule_every_vocabulary()
    task = PeriodicTask.objects.get()

    page = admin_client.get(reverse("admin:django_celery_beat_periodictask_change", args=[task.pk]))

    assert page.status_code == 200
    assert "recommender.tasks.start_scheduled_training" in page.content.decode()


def test_the_first_page_shows_true_figures(admin_client: Client) -> None:
    version = champion()
    TagAssignmentFactory()

    page = admin_client.get(reverse("admin:index"))

    assert [(tile.name, tile.value) for tile in page.context["tiles"]][:2] == [("documents", 1), ("tags in use", 1)]
    assert f"{version.name}" in page.content.decode()
    assert "0.810 (0.800 … 0.820)" in page.content.decode()


def test_the_sidebar_shows_only_what_a_person_may_see(db: None, client: Client) -> None:
    client.force_login(User.objects.create_user("nobody", is_staff=True))

    page = client.get(reverse("admin:index")).content.decode()

    assert reverse("admin:access_apikey_changelist") not in page
    assert reverse("audit:page") not in page
