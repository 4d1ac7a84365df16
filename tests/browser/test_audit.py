"""The audit page in a real browser: figures, hover, zoom, documents behind a cell, all without any network."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tagplatform.access.models import User
from tests.audit.world import World, make_world
from tests.factories import UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


@pytest.fixture
def audit(page: Page, world: World, sign_in: Callable[[User], None]) -> Page:
    """The drawn audit page."""
    sign_in(UserFactory(is_staff=True, is_superuser=True))
    page.goto("/admin/audit/")
    expect(page.locator("html[data-audit=drawn]")).to_be_attached()
    return page


def cell_centre(page: Page, figure: str, row: str, column: str) -> tuple[float, float]:
    """Where a cell stands on the screen, from the positions of its labels in the order of the page."""
    found = page.evaluate(
        """([figure, row, column]) => {
            const audit = JSON.parse(document.getElementById("audit-figures").textContent);
            const box = document.getElementById(`figure-${figure}`);
            box.scrollIntoView({block: "center"});
            const area = box.querySelector(".nsewdrag").getBoundingClientRect();
            const size = audit.labels.length;
            const at = (label, start, length) => start + (length * (audit.labels.indexOf(label) + 0.5)) / size;
            return [at(column, area.left, area.width), at(row, area.top, area.height)];
        }""",
        [figure, row, column],
    )
    return found[0], found[1]


def test_three_heatmaps_are_drawn_with_a_cell_for_each_pair(audit: Page) -> None:
    for name in ("truth", "model", "difference"):
        figure = audit.locator(f"#figure-{name}")
        expect(figure.locator("svg.main-svg").first).to_be_visible()
        expect(figure.locator(".heatmaplayer image")).to_have_count(2)  # cells, and the veil over small rows
        cells: Any = figure.evaluate("box => box.data[0].z.map(row => row.length)")
        assert cells == [4, 4, 4, 4]


def test_hovering_a_cell_shows_counts_and_both_values(audit: Page) -> None:
    audit.mouse.move(*cell_centre(audit, "difference", "Sport", "Football"))

    hover = audit.locator("#figure-difference .hoverlayer")
    expect(hover).to_contain_text("Subject › Sport→ Subject › Football")
    expect(hover).to_contain_text("20 documents with the first tag,20 of them with both")
    expect(hover).to_contain_text("true: 100.0 %")
    expect(hover).to_contain_text("model: 30.0 %")


def test_no_button_of_a_figure_sends_it_away(audit: Page) -> None:
    titles = audit.locator("#figure-truth .modebar-btn").evaluate_all("all => all.map(one => one.dataset.title)")

    assert titles == ["Download plot as a PNG", "Zoom", "Pan", "Reset axes"]


def test_clicking_a_cell_opens_its_documents_on_the_same_page(audit: Page) -> None:
    audit.mouse.click(*cell_centre(audit, "difference", "Sport", "Politics"))

    panel = audit.locator("#cell-panel")
    expect(panel).to_contain_text("20 held-out documents")
    expect(panel).to_be_focused()
    panel.get_by_role("link", name="with both tags").click()
    expect(panel).to_contain_text("There is no such document.")
    assert audit.url.endswith("/admin/audit/")


def test_the_list_of_differences_leads_there_by_keyboard_alone(audit: Page) -> None:
    link = audit.get_by_role("link", name="documents of Subject › Sport and Politics")

    link.focus()
    audit.keyboard.press("Enter")

    expect(audit.locator("#cell-panel")).to_contain_text("Document 0")


def test_a_zoom_in_one_figure_is_followed_by_the_others(audit: Page) -> None:
    left, top = cell_centre(audit, "truth", "Sport", "Sport")
    right, bottom = left + 60, top + 60

    audit.mouse.move(left, top)
    audit.mouse.down()
    audit.mouse.move(right, bottom, steps=5)
    audit.mouse.up()

    ranges = (
        "() => ['truth', 'model', 'difference'].map(n => document.getElementById('figure-' + n).layout.xaxis.range)"
    )
    audit.wait_for_function(f"() => {{ const r = ({ranges})(); return r[0].join() === r[2].join() && r[0][0] > -0.5 }}")
    truth, model, difference = audit.evaluate(ranges)
    assert truth == model == difference


def test_a_figure_takes_the_whole_width_on_request(audit: Page) -> None:
    figure = audit.locator("#figure-model")
    before = figure.bounding_box()

    button = audit.get_by_role("button", name="Whole width").nth(1)
    button.click()

    expect(button).to_have_attribute("aria-pressed", "true")
    after = figure.bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] > 2 * before["width"]


def test_choosing_a_facet_takes_effect_at_once(audit: Page, world: World) -> None:
    audit.get_by_label("Facet").select_option(world.facet.public_id)

    audit.wait_for_url("**facet=tag_*")
    expect(audit.locator("html[data-audit=drawn]")).to_be_attached()
    assert audit.locator("#figure-truth").evaluate("box => box.data[0].z.length") == 2


def test_on_a_narrow_screen_the_figures_stand_one_below_another(
    page: Page, world: World, sign_in: Callable[[User], None]
) -> None:
    sign_in(UserFactory(is_staff=True, is_superuser=True))
    page.set_viewport_size({"width": 420, "height": 900})

    page.goto("/admin/audit/")
    expect(page.locator("html[data-audit=drawn]")).to_be_attached()

    tops = page.evaluate("() => [...document.querySelectorAll('.audit-figure')].map(box => box.offsetTop)")
    assert tops[0] < tops[1] < tops[2]
    assert page.evaluate("document.documentElement.scrollWidth") == 420
