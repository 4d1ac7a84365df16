"""The report pages and the policy's form in a real browser: drawn, without barriers, light, dark and narrow."""

from collections.abc import Callable
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect

from recommender.models import TrainingPolicy
from tagplatform.access.models import User
from tests.audit.world import World
from tests.factories import UserFactory, VocabularyFactory
from tests.reports.world import make_reported_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NETWORK, LOGISTIC = "fasttext-cnn-mlp", "tfidf-logreg"


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_reported_world()


@pytest.fixture
def admin(page: Page, sign_in: Callable[[User], None]) -> Page:
    sign_in(UserFactory(is_staff=True, is_superuser=True))
    return page


def address(world: World, route: str = "report", *more: str) -> str:
    return reverse(f"admin:recommender_modelversion_{route}", args=[world.version.pk, *more])


def open_drawn(page: Page, where: str) -> None:
    page.goto(where)
    expect(page.locator("html[data-report=drawn]")).to_be_attached()


def violations(page: Page, context: str) -> list[tuple[str, Any]]:
    found = Axe().run(page, context=context).response["violations"]
    return [(violation["id"], [node["html"] for node in violation["nodes"]]) for violation in found]


def test_every_chart_of_the_report_is_drawn(admin: Page, world: World) -> None:
    open_drawn(admin, address(world))

    charts = admin.locator(".report-chart")
    names = charts.evaluate_all("all => all.map(box => box.dataset.chart)")
    assert names == ["headline", "reliability", "thresholds", "bands", "parts", "ablation", "gains", "search"]
    for number in range(len(names)):
        expect(charts.nth(number).locator("svg.main-svg").first).to_be_visible()


def test_no_button_of_a_chart_sends_it_away(admin: Page, world: World) -> None:
    open_drawn(admin, address(world))

    titles = admin.locator("[data-chart=bands] .modebar-btn").evaluate_all("all => all.map(one => one.dataset.title)")
    assert titles == ["Download plot as a PNG", "Zoom", "Pan", "Reset axes"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("route", ["report", "report_tags", "report_map", "report_tag"])
def test_pages_have_no_barriers_light_and_dark(
    admin: Page, world: World, route: str, scheme: Literal["light", "dark"]
) -> None:
    admin.emulate_media(color_scheme=scheme)
    more = [world.tags["politics"].public_id] if route == "report_tag" else []

    admin.goto(address(world, route, *more), wait_until="networkidle")

    assert violations(admin, "#report") == []


@pytest.mark.parametrize("route", ["report", "report_tags", "report_map", "report_tag"])
def test_pages_fit_a_narrow_screen(admin: Page, world: World, route: str) -> None:
    admin.set_viewport_size({"width": 420, "height": 900})
    more = [world.tags["politics"].public_id] if route == "report_tag" else []

    admin.goto(address(world, route, *more), wait_until="networkidle")

    assert admin.evaluate("document.documentElement.scrollWidth") == 420


def test_the_ink_of_the_charts_follows_the_page(admin: Page, world: World) -> None:
    open_drawn(admin, address(world))
    ink = "() => document.querySelector('[data-chart=bands]').layout.font.color"
    light = admin.evaluate(ink)

    admin.evaluate("document.documentElement.classList.add('dark')")

    admin.wait_for_function(f"light => ({ink})() !== light", arg=light)


def test_a_tag_is_found_sorted_and_opened_by_keyboard_alone(admin: Page, world: World) -> None:
    admin.goto(address(world, "report_tags"))

    admin.get_by_label("Search tags").press_sequentially("poli")
    admin.keyboard.press("Enter")
    expect(admin.get_by_role("link", name="Subject › Football")).to_have_count(0)
    admin.get_by_role("link", name="20 documents for which Politics was suggested wrongly").focus()
    admin.keyboard.press("Enter")

    expect(admin.locator("#examples")).to_contain_text("Document 0")


def test_a_point_of_the_map_leads_to_its_neighbours(admin: Page, world: World) -> None:
    open_drawn(admin, address(world, "report_map"))

    centre = admin.evaluate(
        """label => {
            const box = document.querySelector("[data-chart=space]");
            box.scrollIntoView({block: "center"});
            const trace = box.data.find(each => each.text.includes(label));
            const place = trace.text.indexOf(label), {xaxis, yaxis} = box._fullLayout;
            const area = box.getBoundingClientRect();
            return [area.left + xaxis._offset + xaxis.d2p(trace.x[place]),
                    area.top + yaxis._offset + yaxis.d2p(trace.y[place])];
        }""",
        "Subject › Football",
    )
    admin.mouse.move(*centre)
    expect(admin.locator("[data-chart=space] .hoverlayer")).to_contain_text("80 documents learnt from")
    admin.mouse.click(*centre)

    expect(admin.get_by_role("heading", name="Nearest to Subject › Football")).to_be_visible()
    assert world.tags["football"].public_id in admin.url


def test_only_the_settings_of_the_chosen_recipe_are_shown_and_stored(admin: Page, transactional_db: None) -> None:
    policy = TrainingPolicy.objects.create(vocabulary=VocabularyFactory(), recipe=NETWORK)
    admin.goto(reverse("admin:recommender_trainingpolicy_change", args=[policy.pk]))
    passes = admin.locator(f"input[name=set-{LOGISTIC}-passes]")
    expect(passes).to_be_hidden()
    expect(admin.locator(f"input[name=set-{NETWORK}-skipgram-dim]")).to_be_visible()

    admin.get_by_text("per-tag logistic regression over TF-IDF", exact=True).click()
    passes.fill("7")
    expect(admin.locator(f"input[name=set-{NETWORK}-skipgram-dim]")).to_be_hidden()
    admin.get_by_role("button", name="Save", exact=True).click()

    expect(admin.get_by_text("was changed successfully")).to_be_visible()
    policy.refresh_from_db()
    assert (policy.recipe, policy.config) == (LOGISTIC, {"passes": 7})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_has_no_barriers_and_fits_a_narrow_screen(
    admin: Page, transactional_db: None, scheme: Literal["light", "dark"]
) -> None:
    policy = TrainingPolicy.objects.create(vocabulary=VocabularyFactory(), recipe=NETWORK, config={"epochs": 3})
    admin.emulate_media(color_scheme=scheme)
    admin.set_viewport_size({"width": 420, "height": 900})

    admin.goto(reverse("admin:recommender_trainingpolicy_change", args=[policy.pk]), wait_until="networkidle")

    assert violations(admin, ".recipe-settings") == []
    assert admin.evaluate("document.documentElement.scrollWidth") == 420
