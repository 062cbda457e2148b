"""From a started platform to a saved conversation with its cost, in a real browser with the local model."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.conftest import Site, sign_in

ANSWER = "article[data-role=assistant]"
DONE = f"{ANSWER}[data-state=done]"
SETTLED = """() => Promise.all(document.getAnimations().filter(
  (one) => Number.isFinite(one.effect.getComputedTiming().endTime)).map((one) => one.finished.catch(() => null)))"""


def ask(page: Page, text: str) -> None:
    page.fill("textarea[name=text]", text)
    page.press("textarea[name=text]", "Enter")


def test_answer_is_streamed_to_the_member(site: Site, new_page, errors):
    page = new_page()
    sign_in(page, site.demo, "member@demo.test")
    page.goto(f"{site.demo}/conversations/")
    page.get_by_text("Créateur de Posts", exact=True).click()
    ask(page, "Write a short post about bees.")
    page.wait_for_selector(f"{ANSWER}[data-state=streaming] [data-tail]:not(:empty)", timeout=30_000)
    lengths = [len(page.inner_text(ANSWER))]
    for _ in range(20):
        if len(set(lengths)) > 1:
            break
        page.wait_for_timeout(150)
        lengths.append(len(page.inner_text(ANSWER)))
    assert len(set(lengths)) > 1, "the answer did not grow while it was watched"
    page.wait_for_selector(DONE, timeout=120_000)
    expect(page.locator("[data-demonstration]")).to_contain_text("interrogez-le plutôt en anglais")
    # Twice in the page: beside the field in a short window, below it in others.
    notice = page.get_by_text("Vous parlez à une intelligence artificielle").locator("visible=true")
    expect(notice).to_have_count(1)

    page.goto(f"{site.demo}/library/")
    assert page.locator("[data-item]").count() >= 1

    operator = new_page()
    sign_in(operator, site.public, "operator@ruche.test")
    operator.goto(f"{site.public}/admin/usage/usageevent/")
    row = operator.inner_text("#result_list")
    assert "member@demo.test" in row and re.search(r"0[,.]0000\d+", row), row
    assert errors == []


def test_shift_enter_inserts_a_line_break(site: Site, new_page):
    page = new_page()
    sign_in(page, site.demo, "owner@demo.test")
    page.goto(f"{site.demo}/conversations/")
    page.fill("textarea[name=text]", "une")
    page.press("textarea[name=text]", "Shift+Enter")
    page.keyboard.type("deux")
    assert page.input_value("textarea[name=text]") == "une\ndeux"
    assert page.url.endswith("/conversations/")


def test_stop_keeps_the_partial_answer_and_retry_replaces_it(site: Site, new_page, errors):
    page = new_page()
    sign_in(page, site.demo, "admin@demo.test")
    page.goto(f"{site.demo}/conversations/")
    ask(page, "Write a very long story about a beehive, with many chapters.")
    page.wait_for_selector(f"{ANSWER} [data-tail]:not(:empty), {ANSWER} [data-rendered]:not(:empty)", timeout=30_000)
    # What comes fades in: half-way its colours are paler than they are.
    page.evaluate(SETTLED)
    wrong = axe.serious(page)
    assert page.locator(f"{ANSWER}[data-state=streaming]").count() == 1, "it ended before it was looked at"
    page.click("[data-stop]")
    page.wait_for_selector(f"{ANSWER}[data-state=interrupted]", timeout=15_000)
    assert wrong == []
    partial = page.inner_text(f"{ANSWER} .reading")
    assert partial.strip()
    page.reload()
    assert page.inner_text(f"{ANSWER} .reading") == partial
    page.click("[data-retry]")
    page.wait_for_selector(f"{ANSWER}[data-state=streaming]", timeout=10_000)
    page.click("[data-stop]")
    page.wait_for_selector(f"{ANSWER}[data-state=interrupted]", timeout=15_000)
    assert page.locator(ANSWER).count() == 1
    assert errors == []


def test_reload_and_second_tab_show_the_whole_answer(site: Site, new_page):
    page = new_page()
    sign_in(page, site.demo, "instructor@demo.test")
    page.goto(f"{site.demo}/conversations/")
    ask(page, "Write a long text about honey.")
    page.wait_for_selector(f"{ANSWER} [data-tail]:not(:empty), {ANSWER} [data-rendered]:not(:empty)", timeout=30_000)
    page.reload()
    second = page.context.new_page()
    second.goto(page.url)
    for tab in (page, second):
        tab.bring_to_front()
        tab.wait_for_selector(DONE, timeout=120_000)
    assert page.inner_text(f"{ANSWER} .reading") == second.inner_text(f"{ANSWER} .reading")


def test_workspace_created_at_runtime_works(site: Site, new_page, errors):
    result = site.manage("tenant_create", "boulangerie", "--name", "Boulangerie", "--email", "b@b.test", "--json")
    assert result.returncode == 0, result.stderr
    created = json.loads(result.stdout)
    page = new_page()
    sign_in(page, site.of("boulangerie"), "b@b.test", created["password"])
    # The generated password is changed before anything else.
    page.goto(f"{site.of('boulangerie')}/conversations/")
    page.wait_for_url("**/password/change/")
    page.fill("[name=oldpassword]", created["password"])
    page.fill("[name=password1]", "la-croute-et-la-mie-42")
    page.fill("[name=password2]", "la-croute-et-la-mie-42")
    page.press("[name=password2]", "Enter")
    page.wait_for_url(lambda url: "password" not in url)
    page.goto(f"{site.of('boulangerie')}/conversations/")
    ask(page, "Hello, who are you?")
    page.wait_for_selector(DONE, timeout=120_000)
    page.goto(f"{site.of('boulangerie')}/library/")
    assert page.locator("[data-item]").count() == 1
    # The welcome mail can be read by the operator.
    operator = new_page()
    sign_in(operator, site.public, "operator@ruche.test")
    operator.goto(f"{site.public}/admin/mailing/outboxmessage/")
    operator.click("#result_list a:has-text('Boulangerie est ouvert')")
    operator.locator("[data-mail-text]", has_text=f"boulangerie.localhost:{site.port}").wait_for()
    assert errors == []


@pytest.mark.parametrize("role", ["owner", "admin", "instructor", "member", "learner", "promoter"])
@pytest.mark.parametrize("width", [390, 1440])
def test_each_role_has_a_home_page(site: Site, new_page, errors, role: str, width: int):
    page = new_page(width=width)
    sign_in(page, site.demo, f"{role}@demo.test")
    page.goto(site.demo)
    expect(page.locator("h1")).to_be_visible()
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, f"the page is {overflow} px too wide"
    assert errors == []


def test_english_pages_are_complete(site: Site, new_page):
    page = new_page()
    sign_in(page, site.demo, "member@demo.test")
    page.context.add_cookies([{"name": "language", "value": "en", "url": site.demo}])
    page.goto(f"{site.demo}/conversations/")
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    assert "Envoyer" not in page.inner_text("body")


def test_question_is_answered_without_javascript(site: Site, new_page):
    page = new_page(java_script_enabled=False)
    sign_in(page, site.demo, "member@demo.test")
    page.goto(f"{site.demo}/conversations/")
    page.fill("textarea[name=text]", "Say hello.")
    page.click("button:has-text('Envoyer')")
    for _ in range(60):
        if page.locator(DONE).count():
            break
        page.wait_for_timeout(500)
        page.reload()
    assert page.inner_text(DONE).strip()


def test_question_of_one_tab_appears_in_another(site: Site, new_page, errors):
    page = new_page()
    sign_in(page, site.demo, "owner@demo.test")
    page.goto(f"{site.demo}/conversations/")
    ask(page, "Say hello in one word.")
    page.wait_for_selector(DONE, timeout=120_000)
    second = page.context.new_page()
    second.goto(page.url)
    first_answer = second.locator(ANSWER).get_attribute("id")
    page.bring_to_front()
    page.click("[data-retry]")
    page.wait_for_selector(f"{ANSWER}:not(#{first_answer})", timeout=10_000)
    second.bring_to_front()
    # Chromium without a window keeps every page in focus: what a person's click on the tab brings is said here.
    second.evaluate("() => window.dispatchEvent(new Event('focus'))")
    second.wait_for_selector(f"#thread > {ANSWER}:last-child:not(#{first_answer})", timeout=10_000)
    second.wait_for_selector(DONE, timeout=120_000)
    assert second.locator("#thread > article").count() == 2
    # Side by side, both in sight: it looks every quarter of a minute.
    ask(page, "And goodbye.")
    second.wait_for_selector("#thread > article:nth-child(4)", timeout=20_000)
    assert errors == []
