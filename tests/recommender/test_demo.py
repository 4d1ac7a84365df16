"""The demo is loaded to its end before anything is trained on it, and only once."""

import pytest
from django.core.management import call_command
from django_celery_beat.models import PeriodicTask

from recommender.demo import demo_vocabulary, load_demo_content
from tagplatform.content.models import Document
from tagplatform.imports.models import ImportRun


@pytest.mark.django_db(transaction=True)
def test_a_demo_that_was_cut_off_goes_on_to_its_end() -> None:
    load_demo_content("newsroom")
    ImportRun.objects.filter(kind="documents").update(state="failed", rows_done=100)
    Document.objects.filter(external_id__gt="news-0100").delete()

    cut_off = demo_vocabulary()
    load_demo_content("newsroom")

    assert cut_off is None
    assert Document.objects.count() == 220
    assert demo_vocabulary() is not None


@pytest.mark.django_db(transaction=True)
def test_a_loaded_demo_is_not_loaded_again() -> None:
    call_command("load_demo", "--sample", "newsroom", "--no-training")
    runs = ImportRun.objects.count()

    call_command("load_demo", "--sample", "newsroom", "--no-training")

    assert ImportRun.objects.count() == runs
    assert PeriodicTask.objects.filter(name="monthly retraining: newsroom").count() == 1
