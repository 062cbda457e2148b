"""`make pictures`: pictures of the README and of the public site, taken of a fresh platform with its demonstration.

Needs Chromium.
"""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, ROOT, running, sign_in

FOLDER = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1280, 800
# Of the palette: flat surfaces need few colours, and the repository keeps every version.
COLOURS = 128
# Of the landing page, in each language and two widths: static/pictures/NAME-LANGUAGE-WIDTH.webp.
SITE_FOLDER = ROOT / "static" / "pictures"
SITE_WIDTHS = (1280, 720)
SITE_QUALITY = 72


def main() -> None:
    with running() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        member = _signed_in(browser, site.demo, "member@demo.test")
        member.goto(f"{site.demo}/conversations/")
        _first(member, "[data-conversation]")
        _keep(member, "conversation")
        member.goto(f"{site.demo}/library/")
        _keep(member, "library")
        for language in ("fr", "en"):
            person = _signed_in(browser, site.demo, "owner@demo.test", language)
            person.goto(f"{site.demo}/conversations/")
            _first(person, "[data-conversation]")
            _keep_for_site(person, f"conversation-{language}")
            for name, path in (("library", "/library/"), ("usage", "/settings/usage/")):
                person.goto(f"{site.demo}{path}")
                _keep_for_site(person, f"{name}-{language}")
        operator = _signed_in(browser, site.public, "operator@ruche.test")
        operator.goto(f"{site.public}/admin/")
        _keep(operator, "console")
        browser.close()


def _signed_in(browser: Browser, address: str, email: str, language: str = "en") -> Page:
    page = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}).new_page()
    sign_in(page, address, email)
    page.context.add_cookies([{"name": "language", "value": language, "url": address}])
    return page


def _first(page: Page, link: str) -> None:
    page.goto(page.evaluate("(link) => document.querySelector(link).href", link))


def _keep(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    taken = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    path: Path = FOLDER / f"{name}.png"
    taken.quantize(COLOURS).save(path, optimize=True)
    print(path.relative_to(ROOT), path.stat().st_size // 1000, "kB")


def _keep_for_site(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    taken = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    SITE_FOLDER.mkdir(exist_ok=True)
    for width in SITE_WIDTHS:
        path: Path = SITE_FOLDER / f"{name}-{width}.webp"
        taken.resize((width, width * HEIGHT // WIDTH), Image.Resampling.LANCZOS).save(
            path, quality=SITE_QUALITY, method=6
        )
        print(path.relative_to(ROOT), path.stat().st_size // 1000, "kB")


if __name__ == "__main__":
    main()
