"""Every page of the console: accessibility (axe), landmarks, labels, overflow."""

import json
import re

import pytest

from tests.browser import axe
from tests.browser.conftest import ROOT, Site, sign_in

# Files, what only answers to a script, Django's own page of deletion, which is refused everywhere, and mails in frames,
# where no script runs.
NO_PAGE = re.compile(r"\.csv$|\.json/?$|/slug/$|/delete/$|/frame/$")
UNNAMED = """() => [...document.querySelectorAll("main input, main select, main textarea")].filter(one =>
  one.type !== "hidden" && one.offsetParent && !one.labels?.length
  && !one.getAttribute("aria-label") && !one.getAttribute("aria-labelledby")).map(one => one.name || one.id)"""


@pytest.fixture(scope="module")
def pages(site: Site) -> list[str]:
    script = (ROOT / "tests" / "browser" / "console_pages.py").read_text()
    result = site.manage("shell", "--no-imports", "-c", script)
    assert result.returncode == 0, result.stderr
    paths = [address for address in json.loads(result.stdout.splitlines()[-1]) if not NO_PAGE.search(address)]
    assert len(paths) > 70
    return paths


@pytest.mark.parametrize(("scheme", "width", "language"), [("light", 1440, "fr"), ("dark", 390, "en")])
def test_console_pages_are_accessible(site: Site, pages, new_page, scheme, width, language) -> None:
    page = new_page(width=width, color_scheme=scheme)
    sign_in(page, site.public, "operator@ruche.test")
    page.context.add_cookies([{"name": "language", "value": language, "url": site.public}])
    wrong, seen = [], 0
    for address in pages:
        answer = page.goto(f"{site.public}{address}")
        assert answer is not None and answer.status < 500, address
        if answer.status >= 400:
            continue
        seen += 1
        if page.locator("main").count() != 1:
            wrong.append(f"{address}: main")
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if over > 0:
            wrong.append(f"{address}: {over} px too wide")
        wrong += [f"{address}: unnamed {name}" for name in page.evaluate(UNNAMED)]
        # Icons are letters that a font draws: "hive Espaces" would be read.
        if page.locator(".material-symbols-outlined:not([aria-hidden=true])").count():
            wrong.append(f"{address}: icons that are read aloud")
        wrong += [f"{address}: {finding}" for finding in axe.serious(page)]
    assert seen > 60
    assert not wrong, "\n".join(wrong)
