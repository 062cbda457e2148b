"""A subscription from trial to end in a real browser, with the fake of Stripe."""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page

from fakes.stripe.server import Handle
from tests.browser.conftest import Site, sign_in

SLUG, OWNER = "confiserie", "owner@confiserie.test"
# What is promised is a second; a test on a busy machine waits longer before it says that nothing came.
PROMISED, PATIENCE = 1.0, 10.0
CARD, REFUSED = "4242 4242 4242 4242", "4000 0000 0000 0341"
# A form sent as it was before, from a page that was open.
WRITE = """async name => {
  const page = new DOMParser().parseFromString(await (await fetch("/settings/identity/")).text(), "text/html")
  const token = page.querySelector("[name=csrfmiddlewaretoken]").value
  const body = new URLSearchParams({name, csrfmiddlewaretoken: token})
  const answer = await fetch("/settings/identity/", {method: "POST", body})
  return {status: answer.status, text: await answer.text()}
}"""


@dataclass
class Shop:
    """The owner's page and one that only watches, the operator's, and the simulated Stripe.

    `seen`: how long each step took to be visible.
    """

    site: Site
    owner: Page
    watch: Page
    operator: Page
    stripe: Handle
    seen: dict[str, float]

    @property
    def home(self) -> str:
        return self.site.of(SLUG)

    def plan(self) -> Page:
        self.owner.goto(f"{self.home}/settings/plan/")
        return self.owner

    def text(self, path: str = "/settings/plan/") -> str:
        return plain(self.watch.evaluate("path => fetch(path).then(answer => answer.text())", path))

    def until(self, step: str, *expected: str, path: str = "/settings/plan/") -> None:
        """Webhooks are delivered; then each of these words is on the owner's page."""
        self.stripe.settled()
        began = time.monotonic()
        while not all(text in self.text(path) for text in expected):
            if time.monotonic() - began > PATIENCE:
                pytest.fail(f"{step}: {expected} not seen in {plain(self.owner.inner_text('main'))[:1500]}")
            time.sleep(0.05)
        self.seen[step] = time.monotonic() - began

    def until_gone(self, text: str, path: str) -> None:
        """A page says this no more, as once a job has replaced what a notification said."""
        began = time.monotonic()
        while text in self.text(path):
            if time.monotonic() - began > PATIENCE:
                pytest.fail(f"{path} still says {text}")
            time.sleep(0.05)

    def mails(self) -> list[str]:
        """Subjects of what left for the owner, newest first."""
        self.operator.goto(f"{self.site.public}/admin/mailing/outboxmessage/?q={OWNER}")
        return [plain(text) for text in self.operator.locator("#result_list tbody tr").all_inner_texts()]

    def pay_at_stripe(self, number: str) -> None:
        self.owner.wait_for_url(f"{self.stripe.url}/**")
        self.owner.check("[name=method][value=card]")
        self.owner.fill("[name=number]", number)


def plain(text: str) -> str:
    return re.sub(r"[\u00a0\u202f]", " ", text)


@pytest.fixture
def shop(site: Site, new_page: Callable[..., Page]) -> Iterator[Shop]:
    created = json.loads(site.manage("tenant_create", SLUG, "--name", "Confiserie", "--email", OWNER, "--json").stdout)
    port = json.loads((site.state / "stripe" / "last.json").read_text())["port"]
    owner, operator = new_page(), new_page()
    sign_in(operator, site.public, "operator@ruche.test")
    sign_in(owner, site.of(SLUG), OWNER, created["password"])
    owner.fill("[name=oldpassword]", created["password"])
    for name in ("password1", "password2"):
        owner.fill(f"[name={name}]", "une-confiserie-au-port")
    owner.press("[name=password2]", "Enter")
    owner.wait_for_url(lambda url: "/password/" not in url)
    watch = owner.context.new_page()
    watch.goto(f"{site.of(SLUG)}/")
    no_process: Any = None
    running_shop = Shop(site, owner, watch, operator, Handle(f"http://127.0.0.1:{port}", no_process), {})
    yield running_shop
    print(
        "seconds from a webhook's delivery to the page:",
        {step: round(seconds, 2) for step, seconds in running_shop.seen.items()},
    )


def test_subscription_from_trial_to_end(shop: Shop, errors: list[str]) -> None:
    buy(shop)
    find_no_option_that_is_not_there(shop)
    upgrade(shop)
    fail_to_pay(shop)
    be_suspended(shop)
    pay_and_be_back(shop)
    leave(shop)
    assert errors == []
    assert shop.stripe.violations() == []


def buy(shop: Shop) -> None:
    page = shop.plan()
    assert "Il reste 14 jours d’essai" in plain(page.inner_text("main"))
    page.get_by_role("link", name="Choisir une offre").click()
    assert page.is_checked("#plan-starter"), "what is tried is what is proposed"
    page.get_by_role("button", name="Continuer").click()
    page.fill("[name=name]", "Confiserie du Port SARL")
    page.fill("[name=line1]", "1 rue du Port")
    page.fill("[name=postal_code]", "69001")
    page.fill("[name=city]", "Lyon")
    page.locator("main form button.btn-primary").click()
    page.wait_for_url("**/settings/plan/checkout/**")
    assert "118,80 €" in plain(page.inner_text("main")), "99 and 20 % of VAT"
    assert not page.is_checked("[name=accept]")
    page.check("[name=accept]")
    page.locator("main form button.btn-primary").click()
    shop.pay_at_stripe(CARD)
    page.locator("button[value=pay]").click()
    page.wait_for_url("**/settings/plan/thanks/**")
    assert "Merci, votre offre est active" in page.inner_text("main")
    shop.until("bought", "Active", "Visa •••• 4242")


def find_no_option_that_is_not_there(shop: Shop) -> None:
    """Options wait for their modules: once there is one, its purchase belongs here."""
    page = shop.plan()
    page.get_by_role("link", name="Changer d’offre").click()
    page.wait_for_selector("#plan-pro")
    assert page.locator("[id^=option-]").count() == 0


def upgrade(shop: Shop) -> None:
    shop.stripe.age(12)
    page = shop.plan()
    page.get_by_role("link", name="Changer d’offre").click()
    page.check("#plan-pro")
    page.wait_for_url("**plan=pro**")
    page.get_by_role("button", name="Voir ce que cela change").click()
    page.wait_for_url("**/settings/plan/change/**")
    shown = plain(page.inner_text("main"))
    assert "Offre Starter : temps non utilisé" in shown and "Offre Pro : jusqu’au" in shown
    button = page.get_by_role("button", name="Confirmer et payer")
    amount = re.search(r"([\d ]+,\d\d) €", plain(button.inner_text()))
    assert amount
    button.click()
    page.wait_for_url("**/settings/plan/")
    shop.until("upgraded", "Offre Pro")
    shop.until("invoiced", f"{amount[1].strip()} €", path="/settings/plan/invoices/")


def fail_to_pay(shop: Shop) -> None:
    page = shop.plan()
    page.get_by_role("button", name="Modifier le moyen de paiement").click()
    shop.pay_at_stripe(REFUSED)
    page.get_by_role("button", name="Remplacer").click()
    page.wait_for_url("**/settings/plan/")
    shop.until("card", "Visa •••• 0341")
    shop.stripe.age(20)
    shop.until("refused", "À régler", "jour du passage en lecture seule")
    assert "Le dernier paiement n’a pas abouti" in shop.text("/")
    assert any("paiement" in mail for mail in shop.mails())
    shop.operator.goto(f"{shop.site.public}/admin/billing/dunning/")
    assert SLUG in shop.operator.inner_text("#result_list")


def be_suspended(shop: Shop) -> None:
    before = len(shop.mails())
    shop.stripe.age(4)
    shop.until("second attempt", "À régler")
    shop.stripe.age(13)
    shop.until("suspended", "Lecture seule")
    assert len(shop.mails()) > before
    assert "en lecture seule" in shop.text("/")
    refused = shop.watch.evaluate(WRITE, "Autre nom")
    assert refused["status"] == 403 and "lecture" in refused["text"]
    assert "Autre nom" not in shop.text("/settings/identity/")
    page = shop.owner
    page.goto(f"{shop.home}/library/")
    assert "Bibliothèque" in page.inner_text("main")


def pay_and_be_back(shop: Shop) -> None:
    page = shop.plan()
    page.get_by_role("link", name="Régler maintenant").first.click()
    shop.pay_at_stripe(CARD)
    page.get_by_role("button", name=re.compile("Payer")).click()
    shop.until("paid", "Active", "Visa •••• 4242")
    shop.until_gone("lecture seule", "/")


def leave(shop: Shop) -> None:
    page = shop.plan()
    page.get_by_role("link", name="Résilier l’offre").click()
    page.get_by_label("Trop cher").check()
    page.get_by_role("button", name="Résilier").click()
    assert "Restez, avec 20 % de moins" in plain(page.inner_text("main"))
    page.get_by_role("button", name="Non merci, résilier").click()
    assert "Votre offre prend fin le" in page.inner_text("main")
    page.get_by_role("button", name="Reprendre l’offre").click()
    shop.until("resumed", "Active")
    page.get_by_role("link", name="Résilier l’offre").click()
    page.get_by_label("Trop cher").check()
    page.get_by_role("button", name="Résilier").click()
    page.get_by_role("button", name="Non merci, résilier").click()
    shop.until("cancelled", "Résiliée")
    shop.stripe.age(32)
    shop.until("closed", "Fermé", "Vos factures restent ici")
    shop.operator.goto(f"{shop.site.public}/admin/tenants/tenant/?q={SLUG}")
    assert "Fermé" in shop.operator.inner_text("#result_list")
