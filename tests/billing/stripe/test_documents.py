"""Invoices and receipts as Stripe has them: one's own, and nobody else's."""

from decimal import Decimal

import pytest

from billing import api
from billing.models import Subscription
from billing.stripe.documents import NoSuchDocument
from billing.subscription_types import StripeUnavailable
from tenants.context import public_context
from tests.billing.stripe.conftest import push
from tests.billing.stripe.shopper import REFUSED, Shopper
from tests.stripe_fake.shop import visit


@pytest.fixture
def shopper(fake, people) -> Shopper:
    push()
    one = Shopper(fake, people)
    one.address()
    return one


def test_a_workspace_that_never_bought_has_none(fake, people):
    assert api.invoices(people.home) == []
    assert api.next_payment(people.home) is None
    assert api.pay_url(people.home) == ""
    assert fake.get("calls") == []


def test_what_was_paid_and_its_documents(shopper, people):
    shopper.buy("pro")
    shopper.pass_days(32)
    second, first = api.invoices(people.home)
    assert (first.amount_excl_vat, first.amount_vat, first.amount_incl_vat) == (
        149,
        Decimal("29.80"),
        Decimal("178.80"),
    )
    assert first.at < second.at and first.number != second.number
    assert (first.status, first.remaining_incl_vat, first.has_receipt) == ("paid", 0, True)
    assert first.number in visit(api.document_url(people.home, first.id, "page")).text
    assert visit(api.document_url(people.home, first.id, "pdf")).text.startswith("%PDF")
    assert "178,80" in visit(api.document_url(people.home, first.id, "receipt")).text


def test_an_unpaid_one_says_what_is_left(shopper, people):
    shopper.buy("pro")
    shopper.card(REFUSED)
    shopper.pass_days(32)
    line = api.invoices(people.home)[0]
    assert (line.status, line.remaining_incl_vat, line.has_receipt) == ("open", Decimal("178.80"), False)
    with pytest.raises(NoSuchDocument):
        api.document_url(people.home, line.id, "receipt")


def test_the_neighbour_s_invoice_is_not_found(shopper, people):
    shopper.buy("pro")
    mine = api.invoices(people.home)[0]
    with public_context():
        Subscription.objects.create(tenant_id=people.away.id, stripe_customer_id="cus_of_the_neighbour")
    for kind in ("page", "pdf", "receipt"):
        with pytest.raises(NoSuchDocument):
            api.document_url(people.away, mine.id, kind)


@pytest.mark.parametrize("key", ["in_nothing", "ch_123", "../v1/customers", "in_1/../../customers"])
def test_what_is_no_invoice_is_not_found(shopper, people, key):
    shopper.buy("pro")
    with pytest.raises(NoSuchDocument):
        api.document_url(people.home, key, "pdf")


def test_when_stripe_is_away(shopper, people, fake):
    shopper.buy("pro")
    fake.post("fail", path="/v1/invoices", status=503, times=20)
    for ask in (api.invoices, api.next_payment, api.pay_url):
        with pytest.raises(StripeUnavailable):
            ask(people.home)


def test_what_comes_next(shopper, people):
    shopper.buy("pro", "analytics")
    coming = api.next_payment(people.home)
    assert coming is not None
    assert (coming.amount_excl_vat, coming.amount_incl_vat) == (178, Decimal("213.60"))
    assert coming.at == api.current(people.home).period_end
    assert [line.text for line in coming.lines] == ["Offre Pro", "Option Statistiques avancées"]
