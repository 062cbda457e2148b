"""The check of answers sees what is wrong, in nested classes as well."""

import copy

import pytest
import stripe
from stripe._object_classes import OBJECT_CLASSES

from fakes.stripe.hints import type_hints
from fakes.stripe.typed import class_of, problems

RATE = {
    "id": "txr_1",
    "object": "tax_rate",
    "active": True,
    "created": 1,
    "display_name": "TVA",
    "inclusive": False,
    "livemode": False,
    "metadata": {},
    "percentage": 20.0,
    "tax_type": "vat",
    "flat_amount": {"amount": 1, "currency": "eur"},
}


def _changed(**fields):
    return {**copy.deepcopy(RATE), **fields}


def test_what_is_right_passes():
    assert problems(RATE) == []
    assert problems(_changed(percentage=20, country=None, jurisdiction_level="country")) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"percent": 20}, "tax_rate.percent: unknown"),
        ({"active": "true"}, "tax_rate.active: 'true' is no bool"),
        ({"created": True}, "tax_rate.created: True is no int"),
        ({"created": 1.5}, "tax_rate.created: 1.5 is no int"),
        ({"display_name": None}, "tax_rate.display_name: None is no str"),
        ({"metadata": {"a": 1}}, "tax_rate.metadata.a: 1 is no str"),
        ({"flat_amount": {"amount": 1}}, "tax_rate.flat_amount.currency: missing"),
        ({"flat_amount": {"amount": 1, "currency": "eur", "x": 1}}, "tax_rate.flat_amount.x: unknown"),
        ({"flat_amount": [1]}, "tax_rate.flat_amount: [1] is no FlatAmount"),
    ],
)
def test_what_is_wrong_is_named(fields, said):
    assert problems(_changed(**fields)) == [said]


def test_a_word_that_is_not_named_is_refused():
    assert "'octroi' is none of" in problems(_changed(tax_type="octroi"))[0]


def test_what_must_be_there_is_missed():
    assert problems({key: value for key, value in RATE.items() if key != "inclusive"}) == [
        "tax_rate.inclusive: missing"
    ]


def test_lists_are_looked_into():
    page = {"object": "list", "data": [RATE, _changed(active=1)], "has_more": False, "url": "/v1/tax_rates"}
    assert problems(page) == ["list.data.1.active: 1 is no bool"]
    assert problems({"object": "list", "data": []}) == ["list.has_more: missing", "list.url: missing"]


def test_what_is_left_of_a_deleted_object():
    assert problems({"id": "cus_1", "object": "customer", "deleted": True}) == []
    assert problems({"id": "cus_1", "object": "customer", "deleted": True, "email": None}) == [
        "customer.email: unknown"
    ]


def test_an_id_or_the_object_itself():
    product = {"id": "prod_1", "object": "product"}
    assert "price.product.active: missing" in problems({"object": "price", "product": product})
    assert not any("price.product" in line for line in problems({"object": "price", "product": "prod_1"}))


def test_an_event_is_looked_into():
    event = {"object": "event", "data": {"object": _changed(active=None)}, "type": "tax_rate.created"}
    assert "event(tax_rate.created).data.object.active: None is no bool" in problems(event)


def test_every_class_of_the_sdk_can_be_read():
    """A new SDK whose annotations cannot be resolved any more is noticed here."""
    for kind in OBJECT_CLASSES:
        assert type_hints(class_of(kind)) or kind == "list", kind


def test_the_version_is_the_one_that_is_pinned(settings):
    assert stripe.api_version == settings.STRIPE_API_VERSION
