"""Takes the README's pictures from the running demo: the desk with suggestions, the audit page with its heatmaps.

Needs the tools of requirements-dev.txt and the system's Chromium:

    make run                                                  (in another terminal, until the demo is loaded)
    .venv/bin/python docs/take_screenshots.py --password THE_PASSWORD_THAT_MAKE_RUN_PRINTED
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).resolve().parent / "images"
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
TITLE = "Command line player for music streams"
TEXT = (
    "A small player for the terminal that plays MP3, Ogg Vorbis and FLAC files and Internet radio streams. "
    "It is controlled by keys, shows the tags of the song that plays, and can be scripted from Python."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--address", default="http://localhost:8000")
    parser.add_argument("--user", default="admin")
    parser.add_argument("--password", required=True)
    arguments = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        page = browser.new_page(base_url=arguments.address, viewport={"width": 1440, "height": 900}, locale="en-GB")
        sign_in(page, arguments.user, arguments.password)
        picture_of_desk(page)
        picture_of_audit(page)
        browser.close()


def sign_in(page: Page, user: str, password: str) -> None:
    page.goto("/sign-in/")
    page.fill("input[name=username]", user)
    page.fill("input[name=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/**")


def picture_of_desk(page: Page) -> None:
    page.goto("/")
    page.get_by_role("textbox", name="Title").fill(TITLE)
    page.get_by_role("textbox", name="Text").fill(TEXT)
    page.get_by_text("Program", exact=True).wait_for(timeout=30_000)
    page.wait_for_timeout(1000)
    page.screenshot(path=IMAGES / "desk.png")


def picture_of_audit(page: Page) -> None:
    page.goto("/admin/audit/")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(3000)
    page.screenshot(path=IMAGES / "audit.png", clip={"x": 0, "y": 0, "width": 1440, "height": 1280}, full_page=True)


if __name__ == "__main__":
    main()
