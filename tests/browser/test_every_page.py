"""Every page of a workspace and of the public site: no serious finding of axe, one `<main>`, names, no overflow.

Pages without an argument are read from the URL configurations; those of an object are found by the links to them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, Page

from tests.browser import axe
from tests.browser.conftest import Site, sign_in
from tests.browser.test_console import UNNAMED
from tests.isolation.urls import Url, every_url

# The console has its own test; signing out ends the walk; an export of everything is a file; the bell's events never
# end; the note under an address that is typed is a part of the page of sign-up.
NO_PAGE = re.compile(r"^admin:|^account_logout$|^data_download$|^django_rq|^notifications:live$|^signup_slug$")
# Pages of one object that somebody who works in a workspace must come upon.
OF_AN_OBJECT = {"conversations:detail", "library:detail", "library:edit"}
LINKS = "() => [...document.querySelectorAll('a[href]')].map(one => one.href)"


@dataclass
class Walk:
    """What one person sees on one host."""

    page: Page
    address: str
    seen: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    _links: set[str] = field(default_factory=set)
    _ends: set[str] = field(default_factory=set)

    def all(self, host: str) -> None:
        urls = [url for url in every_url() if url.host == host and not NO_PAGE.search(url.name)]
        for url in urls:
            if not url.arguments:
                self._look(url.name, "/" + re.sub(r"[\^$]", "", url.route))
        for url in urls:
            if url.arguments:
                for link in self._problems_of(url):
                    self._look(url.name, link)

    def _problems_of(self, url: Url) -> Iterator[str]:
        """The first link to a page of this pattern."""
        route = re.sub(r"\(\?P<\w+>[^)]*\)|<[^>]+>", "[^/]+", url.route.replace("/^", "/").rstrip("$"))
        pattern = re.compile(f"/{route}$")
        own = sorted(path for path in self._links if pattern.match(path))
        yield from own[:1]

    def _look(self, name: str, path: str) -> None:
        try:
            answer = self.page.goto(self.address + path)
        except Error as error:
            assert "Download is starting" in str(error), f"{path}: {error}"
            return
        assert answer is not None and answer.status < 500, path
        ends = urlsplit(self.page.url).path
        if answer.status == 405 or ends in self._ends or "html" not in answer.headers.get("content-type", ""):
            return
        self._ends.add(ends)
        self.seen.add(name)
        self._links |= {urlsplit(link).path for link in self.page.evaluate(LINKS) if link.startswith(self.address)}
        self._judge(f"{ends} ({answer.status})")

    def _judge(self, description: str) -> None:
        if self.page.locator("main").count() != 1:
            self.wrong.append(f"{description}: main")
        if self.page.locator("h1").count() != 1:
            self.wrong.append(f"{description}: {self.page.locator('h1').count()} h1")
        over = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if over > 0:
            self.wrong.append(f"{description}: {over} px too wide")
        self.wrong += [f"{description}: unnamed {name}" for name in self.page.evaluate(UNNAMED)]
        self.wrong += [f"{description}: {finding}" for finding in axe.serious(self.page)]


@pytest.mark.parametrize(
    ("person", "width", "scheme", "language"),
    [
        ("owner", 1440, "light", "fr"),
        ("admin", 390, "dark", "en"),
        ("learner", 390, "light", "fr"),
        ("nobody", 390, "dark", "fr"),
        ("visitor", 1440, "light", "en"),
        ("visitor", 390, "dark", "fr"),
    ],
)
def test_all_pages_are_accessible(site: Site, new_page, person, width, scheme, language) -> None:
    page = new_page(width=width, color_scheme=scheme)
    address = site.public if person == "visitor" else site.demo
    if person not in ("visitor", "nobody"):
        sign_in(page, address, f"{person}@demo.test")
    page.context.add_cookies([{"name": "language", "value": language, "url": address}])
    walk = Walk(page, address)
    walk.all("public" if person == "visitor" else "tenant")
    if person in ("owner", "admin"):
        assert walk.seen >= OF_AN_OBJECT
    assert len(walk.seen) >= (10 if person == "owner" else 5)
    assert not walk.wrong, "\n".join(walk.wrong)
