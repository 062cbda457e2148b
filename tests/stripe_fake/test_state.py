"""A file keeps everything over a restart, as `make run` wants it."""

import stripe

from fakes.stripe.server import KEY, start
from tests.stripe_fake.shop import PERSON, Shop, again, invoices, visit


def test_a_restart_on_another_port(tmp_path, monkeypatch):
    state = tmp_path / "deep" / "stripe.json"
    monkeypatch.setattr(stripe, "api_key", KEY)
    first = start(0, "--state", str(state))
    try:
        monkeypatch.setattr(stripe, "api_base", first.url)
        shop = Shop(first)
        session = shop.session()
        unpaid = shop.session()
        visit(session.url, do="pay", **PERSON)
        first.advance(days=3)
    finally:
        first.stop()
    options = ("--state", str(state), "--webhook", "http://127.0.0.1:9/hook", "--webhook-secret", "whsec_x")
    second = start(0, *options)
    try:
        monkeypatch.setattr(stripe, "api_base", second.url)
        kept = again(session, expand=["subscription", "customer"])
        assert kept.subscription.status == "active"
        assert invoices(kept.customer)[0].hosted_invoice_url.startswith(second.url)
        assert visit(invoices(kept.customer)[0].hosted_invoice_url).status == 200
        assert again(unpaid).status == "expired"
        second.advance(days=30)
        assert [invoice.status for invoice in invoices(kept.customer)] == ["paid", "paid"]
        assert stripe.WebhookEndpoint.list().data[0].url == "http://127.0.0.1:9/hook"
        assert second.violations() == []
    finally:
        second.stop()


def test_a_reset_forgets_everything(shop):
    shop.subscribe(shop.customer())
    shop.fake.hold()
    shop.fake.next_payments("ok")
    shop.fake.reset()
    assert stripe.Customer.list().data == []
    assert stripe.Product.list().data == []
    assert shop.fake.get("payments") == {"next": []}
    assert shop.fake.deliveries() == []
