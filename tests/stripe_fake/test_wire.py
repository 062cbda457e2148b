"""Stripe's manners: keys, versions, idempotency, errors, pages of lists, `expand`."""

import uuid

import pytest
import stripe

from fakes.stripe.server import KEY
from tests.stripe_fake.shop import again


@pytest.mark.parametrize("key", ["", "sk_live_000000000000000000000000", "sk_test_invalid000000000000000", "nonsense"])
def test_a_wrong_key_is_refused(fake, key):
    with pytest.raises(stripe.AuthenticationError) as caught:
        stripe.Customer.list(api_key=key or " ")
    assert caught.value.http_status == 401


def test_another_version_is_refused(fake):
    with pytest.raises(stripe.InvalidRequestError, match="Invalid Stripe API version"):
        stripe.Customer.list(stripe_version="2020-08-27")


def test_another_account_is_refused(fake):
    with pytest.raises(stripe.PermissionError):
        stripe.Customer.list(stripe_account="acct_other")


def test_both_styles_of_the_sdk(fake):
    client = stripe.StripeClient(KEY, base_addresses={"api": fake.url})
    made = client.v1.customers.create({"name": "A", "metadata": {"espace": "1"}, "preferred_locales": ["fr"]})
    assert stripe.Customer.retrieve(made.id).preferred_locales == ["fr"]
    assert client.v1.customers.list({"limit": 3}).data[0].metadata["espace"] == "1"


def test_answers_carry_an_id(fake):
    assert stripe.Customer.create(name="A").last_response.request_id.startswith("req_")


def test_the_same_key_is_answered_the_same(fake):
    key = str(uuid.uuid4())
    first = stripe.Customer.create(name="A", email="a@b.test", idempotency_key=key)
    second = stripe.Customer.create(email="a@b.test", name="A", idempotency_key=key)
    assert second.id == first.id
    assert second.last_response.headers["idempotent-replayed"] == "true"
    assert len(stripe.Customer.list().data) == 1


def test_the_same_key_for_something_else_is_refused(fake):
    key = str(uuid.uuid4())
    stripe.Customer.create(name="A", idempotency_key=key)
    with pytest.raises(stripe.IdempotencyError) as caught:
        stripe.Customer.create(name="B", idempotency_key=key)
    assert caught.value.error.type == "idempotency_error"


def test_a_key_may_be_used_again_after_a_refusal(fake):
    key = str(uuid.uuid4())
    with pytest.raises(stripe.InvalidRequestError):
        stripe.Coupon.create(duration="once", idempotency_key=key)
    assert stripe.Coupon.create(duration="once", percent_off=5, idempotency_key=key).percent_off == 5


def test_an_answer_that_is_lost_is_had_by_trying_again(fake, monkeypatch):
    """The SDK sends its own key again: made once, told twice."""
    monkeypatch.setattr(stripe, "max_network_retries", 2)
    fake.post("fail", path="/v1/customers$", method="POST", status=500, after=True)
    made = stripe.Customer.create(name="A")
    assert [customer.id for customer in stripe.Customer.list().data] == [made.id]
    assert [call["status"] for call in fake.get("calls") if call["method"] == "POST"] == [200, 200]


def test_a_failure_may_last(fake):
    fake.post("fail", path="/v1/customers", status=429, times=2)
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            stripe.Customer.list()
    assert stripe.Customer.list().data == []


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"name": "A", "colour": "red"}, "parameter_unknown", "colour"),
        ({"address": {"town": "Lyon"}}, "parameter_unknown", "address[town]"),
        ({"balance": "much"}, "parameter_invalid", "balance"),
        ({"tax_exempt": "perhaps"}, None, "tax_exempt"),
        ({"test_clock": "clock_gone"}, "resource_missing", "test_clock"),
        ({"payment_method": "pm_card_visa"}, "fake_not_simulated", None),
    ],
)
def test_parameters_are_checked_by_the_sdks_own_types(fake, params, code, param):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe.Customer.create(**params)
    assert caught.value.http_status == 400
    assert caught.value.code == code
    assert caught.value.param == param


def test_what_must_be_given(shop):
    with pytest.raises(stripe.InvalidRequestError, match="Missing required param: currency") as caught:
        stripe.Price.create(product=shop.pro.product, unit_amount=1)
    assert caught.value.code == "parameter_missing"


def test_nothing_of_that_name(fake):
    with pytest.raises(stripe.InvalidRequestError, match="No such customer: 'cus_x'") as caught:
        stripe.Customer.retrieve("cus_x")
    assert (caught.value.http_status, caught.value.code, caught.value.param) == (404, "resource_missing", "id")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe.Subscription.create(customer="cus_x", items=[{"price": "price_x"}])
    assert (caught.value.http_status, caught.value.param) == (400, "customer")


def test_an_address_nobody_knows(fake):
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        stripe.Payout.list()


def test_lists_come_in_pages(fake):
    made = [stripe.Customer.create(name=str(number)).id for number in range(7)]
    page = stripe.Customer.list(limit=3)
    assert ([one.id for one in page.data], page.has_more) == (made[:-4:-1], True)
    after = stripe.Customer.list(limit=3, starting_after=page.data[-1].id)
    assert [one.id for one in after.data] == made[3:0:-1]
    before = stripe.Customer.list(limit=2, ending_before=after.data[0].id)
    assert [one.id for one in before.data] == [made[5], made[4]]
    assert [one.id for one in stripe.Customer.list(limit=2).auto_paging_iter()] == made[::-1]


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_has_bounds(fake, limit):
    with pytest.raises(stripe.InvalidRequestError):
        stripe.Customer.list(limit=limit)


def test_metadata_is_merged_and_cleared(fake):
    made = stripe.Customer.create(metadata={"a": "1", "b": "2"})
    assert stripe.Customer.modify(made.id, metadata={"a": "", "c": "3"}).metadata.to_dict() == {"b": "2", "c": "3"}
    assert stripe.Customer.modify(made.id, metadata="").metadata.to_dict() == {}


def test_expand_opens_lists_and_deep_paths(shop):
    customer = shop.customer()
    shop.subscribe(customer)
    found = stripe.Subscription.list(customer=customer.id, expand=["data.latest_invoice.payments", "data.customer"])
    assert found.data[0].customer.id == customer.id
    assert found.data[0].latest_invoice.payments.data[0].status == "paid"
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        stripe.Customer.retrieve(customer.id, expand=["friends"])


def test_a_lookup_key_is_unique_and_moves(shop):
    first = shop.price("A", 100, lookup_key="pro")
    with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key"):
        shop.price("B", 200, lookup_key="pro")
    second = shop.price("B", 200, lookup_key="pro", transfer_lookup_key=True)
    assert [price.id for price in stripe.Price.list(lookup_keys=["pro"]).data] == [second.id]
    assert again(first).lookup_key is None
