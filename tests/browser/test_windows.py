"""Short windows, large zoom, the drawer, menus and focus, by keyboard."""

import pytest

from tests.browser.conftest import sign_in

OWNER = "owner@demo.test"
# A laptop's window cut in two, a phone on its side, 1280 x 1024 at 400 %.
SHORT = [(1024, 420), (844, 390), (320, 256)]


@pytest.mark.parametrize(("width", "height"), SHORT)
def test_short_window_shows_mostly_the_thread(site, new_page, errors, width, height):
    page = new_page(width=width, height=height)
    sign_in(page, site.demo, OWNER)
    page.goto(f"{site.demo}/conversations/")
    thread = page.locator("[data-conversation]").first.get_attribute("href")
    for path in (thread, "/conversations/", "/library/", "/settings/", "/settings/usage/", "/settings/plan/"):
        page.goto(site.demo + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    page.goto(site.demo + thread)
    page.wait_for_function("scrollY > 0")
    box = page.locator(".thread-foot").bounding_box()
    assert box is not None
    top, bottom = box["y"], box["y"] + box["height"]
    assert bottom <= height, "the composer is in reach"
    assert top >= 0.6 * height, "and takes less than four tenths"
    assert errors == []


def test_drawer_traps_and_returns_focus(site, new_page, errors):
    page = new_page(width=390)
    sign_in(page, site.demo, OWNER)
    page.goto(f"{site.demo}/library/")
    button = page.locator("[data-drawer-open]")
    assert button.get_attribute("aria-expanded") == "false"
    button.focus()
    page.keyboard.press("Enter")
    inside = "document.getElementById('sidebar').contains(document.activeElement)"
    assert page.evaluate(inside) and button.get_attribute("aria-expanded") == "true"
    for key in ["Tab"] * 14 + ["Shift+Tab"] * 16:
        page.keyboard.press(key)
        assert page.evaluate(inside)
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.hasAttribute('data-drawer-open')")
    assert button.get_attribute("aria-expanded") == "false"
    assert errors == []


@pytest.mark.parametrize("width", [390, 1440])
def test_row_menu_is_above_the_next_rows(site, new_page, errors, width):
    page = new_page(width=width)
    sign_in(page, site.demo, OWNER)
    page.goto(f"{site.demo}/library/")
    page.locator("[data-item] summary").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".menu-panel:popover-open")
    uncovered = page.evaluate("""[...document.querySelectorAll("details[open] .menu-item")].map((item) => {
        const { x, y, width, height, right } = item.getBoundingClientRect();
        return x >= 0 && right <= innerWidth && item.contains(document.elementFromPoint(x + width / 2, y + height / 2));
    })""")
    assert len(uncovered) > 1 and all(uncovered)
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.matches('.menu-item')")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert errors == []


def test_focus_returns_from_a_dialog_to_its_menu(site, new_page, errors):
    page = new_page()
    sign_in(page, site.demo, OWNER)
    page.goto(f"{site.demo}/conversations/")
    page.goto(site.demo + page.locator("[data-conversation]").first.get_attribute("href"))
    menu = page.locator("details[data-menu]:has([data-dialog-open=rename])")
    menu.locator("summary").click()
    menu.locator("[data-dialog-open=rename]").click()
    page.wait_for_selector("dialog#rename[open]")
    page.keyboard.press("Escape")
    page.wait_for_function("document.activeElement.tagName === 'SUMMARY'")
    assert errors == []


def test_focus_moves_to_the_next_row_after_removal(site, new_page, errors):
    page = new_page()
    sign_in(page, site.demo, OWNER)
    page.goto(f"{site.demo}/library/")
    rows = page.locator("[data-item]:has(form[hx-post$='/archive/'])")
    row = rows.first.get_attribute("data-item")
    after = page.evaluate("(key) => document.querySelector(`[data-item='${key}'] + [data-item]`).dataset.item", row)
    page.locator(f"[data-item='{row}'] summary").first.focus()
    page.keyboard.press("Enter")
    page.locator(f"[data-item='{row}'] form[hx-post$='/archive/'] button").press("Enter")
    page.wait_for_function("(key) => !document.querySelector(`[data-item='${key}']`)", arg=row)
    page.wait_for_function("(key) => document.activeElement.closest('[data-item]')?.dataset.item === key", arg=after)
    page.locator("[data-toast-undo] button").click()
    assert errors == []


def test_focus_moves_to_the_first_invalid_field(site, new_page):
    page = new_page()
    sign_in(page, site.demo, OWNER)
    page.goto(f"{site.demo}/accounts/password/change/")
    page.fill("[name=oldpassword]", "faux")
    page.fill("[name=password1]", "une-longue-phrase-42")
    page.fill("[name=password2]", "une-autre-phrase-42")
    page.press("[name=password2]", "Enter")
    page.wait_for_selector("[aria-invalid=true]")
    page.wait_for_function("document.activeElement.getAttribute('aria-invalid') === 'true'")


def test_repeated_question_text_counts_as_a_new_question(site, new_page):
    """« Continue », sent, and the page reloaded before the server has taken it."""
    page = new_page()
    sign_in(page, site.demo, "admin@demo.test")
    page.goto(f"{site.demo}/conversations/")
    # One of the demonstration's own, whose last answer is whole.
    page.goto(site.demo + page.locator("[data-conversation]").last.get_attribute("href"))
    question = page.locator("article[data-role=user] p").first.inner_text()
    page.route("**/messages/", lambda route: None)
    page.fill("textarea[name=text]", question)
    page.press("textarea[name=text]", "Enter")
    page.wait_for_function("document.querySelector('textarea[name=text]').value === ''")
    page.reload()
    back = "(text) => document.querySelector('textarea[name=text]').value.trim() === text.trim()"
    page.wait_for_function(back, arg=question)
