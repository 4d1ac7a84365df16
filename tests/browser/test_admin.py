"""The admin in a real browser: a training run watched live, a version promoted, pages on a narrow screen."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from recommender.models import ModelAlias, TrainingRun
from tagplatform.access.models import User
from tests.admin.rows import MAKERS, champion
from tests.factories import TrainingRunFactory, UserFactory, VocabularyFactory
from tests.tiny_model import add_version

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def admin(page: Page, sign_in: Callable[[User], None]) -> Page:
    """A page of somebody who may do everything."""
    sign_in(UserFactory(is_staff=True, is_superuser=True))
    return page


def test_the_page_of_a_run_follows_its_progress_to_the_end(admin: Page) -> None:
    run = TrainingRunFactory(state=TrainingRun.State.RUNNING, stage="reading texts", progress=0.1)
    admin.goto(reverse("admin:recommender_trainingrun_change", args=[run.pk]))
    expect(admin.locator("#run-state")).to_contain_text("10 %")

    TrainingRun.objects.filter(pk=run.pk).update(progress=0.5, stage="fitting tags", log_tail="12:00:00 fitting tags")
    expect(admin.locator("#run-state")).to_contain_text("50 %")
    expect(admin.get_by_label("Log")).to_contain_text("fitting tags")
    TrainingRun.objects.filter(pk=run.pk).update(progress=1, state=TrainingRun.State.SUCCEEDED)

    expect(admin.locator("#run-state")).to_contain_text("Succeeded")
    expect(admin.get_by_role("link", name="Cancel")).to_have_count(0)


def test_a_version_is_promoted_by_its_button_with_a_reason(admin: Page, bundle_folder: Path) -> None:
    version = add_version(VocabularyFactory(), bundle_folder, number=1)
    admin.goto(reverse("admin:recommender_modelversion_change", args=[version.pk]))

    admin.get_by_role("link", name="Promote").click()
    admin.get_by_label("Reason").fill("better on the tail")
    admin.get_by_role("button", name="Promote").click()

    expect(admin.get_by_text("is champion now")).to_be_visible()
    assert ModelAlias.objects.get().version == version


@pytest.mark.parametrize("model", ["content.document", "taxonomy.tag", "recommender.modelversion", "feedback.decision"])
def test_pages_fit_a_narrow_screen(admin: Page, model: str) -> None:
    row = MAKERS[model]()
    admin.set_viewport_size({"width": 420, "height": 900})
    name = model.replace(".", "_")

    for address in (reverse(f"admin:{name}_changelist"), reverse(f"admin:{name}_change", args=[row.pk])):
        admin.goto(address)
        assert admin.evaluate("document.documentElement.scrollWidth") == 420


def test_the_first_page_fits_a_narrow_screen(admin: Page) -> None:
    champion()
    admin.set_viewport_size({"width": 420, "height": 900})

    admin.goto(reverse("admin:index"))

    expect(admin.get_by_role("heading", name="Champions")).to_be_visible()
    assert admin.evaluate("document.documentElement.scrollWidth") == 420
