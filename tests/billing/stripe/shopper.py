"""An owner who buys: through our door, and by clicking through Stripe's pages."""

import re
from typing import Any

from billing import api
from billing.subscription_types import AcceptedTerms, Choice, Current
from fakes.stripe.server import Handle
from tests.stripe_fake.shop import PERSON, Seen, visit

WHERE = {"success_url": "http://atelier.test/merci", "cancel_url": "http://atelier.test/non"}
ADDRESS = {
    "name": "Atelier SARL",
    "line1": "1 rue du Port",
    "line2": "",
    "postal_code": "69001",
    "city": "Lyon",
    "country": "FR",
    "vat_number": "",
}
ORIGIN = "203.0.113.9"
REFUSED = "4000 0000 0000 0341"


class Shopper:
    """The owner of `people.home`. Time passes by `fake.age`."""

    def __init__(self, fake: Handle, people: Any) -> None:
        self.fake, self.tenant, self.actor = fake, people.home, people.owner

    def address(self, **changed: str) -> None:
        api.profile_save(self.tenant, actor=self.actor, **{**ADDRESS, **changed})

    def page(self, choice: Choice) -> str:
        return api.checkout_url(self.tenant, choice, actor=self.actor, accepted=self.accepts(), **WHERE)

    def accepts(self) -> AcceptedTerms:
        """The terms in force, as somebody does who ticks the box."""
        terms = api.terms.current()
        assert terms is not None
        return AcceptedTerms(terms.pk, ORIGIN)

    def buy(self, plan: str = "pro", *add_ons: str, interval: str = "month", code: str = "", **form: str) -> Current:
        """Pays on Stripe's page and comes back."""
        url = self.page(Choice(plan, interval, add_ons, code))
        seen = visit(url, do="pay", **{**PERSON, **form})
        assert (seen.status, seen.location) == (303, WHERE["success_url"]), seen.text
        return api.returned(self.tenant)

    def change(self, plan: str, *add_ons: str, interval: str = "month", code: str = "") -> Any:
        """As a page does: shown first, then made."""
        choice = Choice(plan, interval, add_ons, code)
        shown = api.preview(self.tenant, choice)
        return shown, api.change(self.tenant, choice, at=shown.at, actor=self.actor)

    def card(self, number: str) -> None:
        """Another card, by Stripe's portal."""
        url = api.portal_url(self.tenant, return_url="http://atelier.test/", flow="payment_method_update")
        seen = visit(url, do="method", method="card", number=number)
        assert seen.status == 303, seen.text

    def pay(self, url: str, **form: str) -> Seen:
        return visit(url, **{"method": "card", "number": PERSON["number"], **form})

    def pass_days(self, days: float) -> Current:
        self.fake.age(days)
        return api.returned(self.tenant)


def plain(text: str) -> str:
    return re.sub(r"[\u00a0\u202f]", " ", text)
