"""`make gallery`: docs/gallery.md, with pictures of every main page: two widths, light and dark, of a fresh platform.

Needs Chromium.
"""

import io
import shutil
from itertools import groupby
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, ROOT, Site, running, sign_in

PAGE = ROOT / "docs" / "gallery.md"
FOLDER = ROOT / "docs" / "gallery"
# Viewport, and the width of the picture that is kept.
SIZES: Final = {"desktop": (1440, 900, 720), "phone": (390, 844, 390)}
SCHEMES: Final = ("light", "dark")
# The repository keeps every version.
QUALITY: Final = 55
STRANGER, OWNER, MEMBER, OPERATOR = "stranger", "owner", "member", "operator"


class Shown(NamedTuple):
    """A page: `first` is a link's selector, followed once from `path`."""

    section: str
    title: str
    person: str
    path: str
    first: str = ""


PAGES: Final = (
    Shown("Public site", "Landing page", STRANGER, "/"),
    Shown("Public site", "Prices", STRANGER, "/tarifs/"),
    Shown("Public site", "Sign-up", STRANGER, "/inscription/"),
    Shown("Public site", "Find my workspaces", STRANGER, "/mes-espaces/"),
    Shown("Public site", "Contact", STRANGER, "/contact/"),
    Shown("Public site", "Articles", STRANGER, "/articles/"),
    Shown("Public site", "Service status", STRANGER, "/etat/"),
    Shown("Public site", "Terms", STRANGER, "/conditions/"),
    Shown("Workspace", "Sign-in", STRANGER, "//demo/accounts/login/"),
    Shown("Workspace", "Home of an owner", OWNER, "/"),
    Shown("Workspace", "Home of a member", MEMBER, "/"),
    Shown("Workspace", "First steps", OWNER, "/onboarding/identity/"),
    Shown("Workspace", "Conversations", OWNER, "/conversations/"),
    Shown("Workspace", "A conversation", OWNER, "/conversations/", "[data-conversation]"),
    Shown("Workspace", "Library", OWNER, "/library/"),
    Shown("Workspace", "A content", OWNER, "/library/", "[data-item] a"),
    Shown("Workspace", "Notifications", OWNER, "/notifications/"),
    Shown("Settings", "Members", OWNER, "/settings/members/"),
    Shown("Settings", "Invite people", OWNER, "/settings/members/invite/"),
    Shown("Settings", "Groups", OWNER, "/settings/members/groups/"),
    Shown("Settings", "Identity", OWNER, "/settings/identity/"),
    Shown("Settings", "Brand", OWNER, "/settings/brand/"),
    Shown("Settings", "Usage", OWNER, "/settings/usage/"),
    Shown("Settings", "Plan and billing", OWNER, "/settings/plan/"),
    Shown("Settings", "Choosing a plan", OWNER, "/settings/plan/choose/"),
    Shown("Settings", "Notifications", OWNER, "/notifications/preferences/"),
    Shown("Settings", "Data", OWNER, "/settings/data/"),
    Shown("Settings", "Profile", OWNER, "/profile/"),
    Shown("Console", "Overview", OPERATOR, "/admin/"),
    Shown("Console", "Workspaces", OPERATOR, "/admin/tenants/tenant/"),
    Shown("Console", "A workspace", OPERATOR, "/admin/tenants/tenant/", "#result_list a[href*='/change/']"),
    Shown("Console", "Plans", OPERATOR, "/admin/plans/plan/"),
    Shown("Console", "Assistants", OPERATOR, "/admin/assistants/assistant/"),
    Shown("Console", "Subscriptions", OPERATOR, "/admin/billing/subscription/"),
    Shown("Console", "Revenue", OPERATOR, "/admin/billing/revenuechange/months/"),
    Shown("Console", "Mails sent", OPERATOR, "/admin/mailing/outboxmessage/"),
    Shown("Console", "Mail templates", OPERATOR, "/admin/mailing/mailtextversion/"),
    Shown("Console", "Sequences", OPERATOR, "/admin/mailing/sequencerun/"),
    Shown("Console", "Deliverability", OPERATOR, "/admin/mailing/outboxmessage/deliverability/"),
    Shown("Console", "Audience of the site", OPERATOR, "/admin/website/sitecount/audience/"),
    Shown("Console", "Contacts", OPERATOR, "/admin/website/lead/"),
    Shown("Console", "Articles", OPERATOR, "/admin/website/article/"),
    Shown("Console", "Legal texts", OPERATOR, "/admin/website/legalversion/"),
    Shown("Console", "Platform", OPERATOR, "/admin/tenants/platform/"),
    Shown("Console", "Audit log", OPERATOR, "/admin/accounts/auditentry/"),
)


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with running() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for person, pages in groupby(sorted(PAGES, key=lambda shown: shown.person), key=lambda shown: shown.person):
            _take(browser, site, person, list(pages))
        browser.close()
    PAGE.write_text(_text())
    pictures = list(FOLDER.iterdir())
    print(len(pictures), "pictures,", sum(path.stat().st_size for path in pictures) // 1000, "kB")


def _take(browser: Browser, site: Site, person: str, pages: list[Shown]) -> None:
    """All pages of a person, signed in once."""
    address = site.demo if person in (OWNER, MEMBER) else site.public
    state = None
    if person != STRANGER:
        context = browser.new_context()
        sign_in(context.new_page(), address, "operator@ruche.test" if person == OPERATOR else f"{person}@demo.test")
        state = context.storage_state()
        context.close()
    for size, (width, height, _kept) in SIZES.items():
        for scheme in SCHEMES:
            context = browser.new_context(
                locale="fr-FR",
                storage_state=state,
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
            )
            _take_in(context, site, address, pages, size, scheme)
            context.close()


def _take_in(context: BrowserContext, site: Site, address: str, pages: list[Shown], size: str, scheme: str) -> None:
    page = context.new_page()
    for shown in pages:
        path = shown.path.removeprefix("//demo")
        _open(page, (site.demo if path != shown.path else address) + path)
        if shown.first:
            _open(page, page.locator(shown.first).first.evaluate("link => link.href"))
        taken = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
        width = SIZES[size][2]
        taken.resize((width, taken.height * width // taken.width), Image.Resampling.LANCZOS).save(
            FOLDER / _name(shown, size, scheme), quality=QUALITY, method=6
        )


def _open(page: Page, address: str) -> None:
    answer = page.goto(address)
    assert answer is not None and answer.ok, f"{urlsplit(address).path}: {answer and answer.status}"
    # The bell's stream never ends, so that the network of a workspace's page is never idle.
    page.wait_for_load_state("load")
    page.wait_for_timeout(300)


def _name(shown: Shown, size: str, scheme: str) -> str:
    words = f"{shown.section} {shown.title}".lower().replace(" ", "-")
    return f"{words}-{size}-{scheme}.webp"


def _text() -> str:
    lines = [
        "# Gallery",
        "",
        "Every main page of a fresh platform with its demonstration, in French, wide and on a phone, light and",
        "dark. Made by `make gallery`.",
    ]
    for section, pages in groupby(PAGES, key=lambda shown: shown.section):
        lines += ["", f"## {section}"]
        for shown in pages:
            path = shown.path.removeprefix("//demo")
            lines += ["", f"### {shown.title}", "", f"`{path}`, {shown.person}", ""]
            lines += [f"![{_alt(shown, *kind)}](gallery/{_name(shown, *kind)})" for kind in _kinds()]
    return "\n".join(lines) + "\n"


def _kinds() -> list[tuple[str, str]]:
    return [(size, scheme) for size in SIZES for scheme in SCHEMES]


def _alt(shown: Shown, size: str, scheme: str) -> str:
    return f"{shown.title}, {size}, {scheme}"


if __name__ == "__main__":
    main()
