"""What is paid for is what the workspace has, whatever stood before."""

import pytest
import stripe

from billing import subscribing
from billing.stripe.subscriptions import refresh
from tenants import services
from tenants.context import public_context
from tenants.models import Tenant
from tests.billing.stripe.conftest import push, row
from tests.billing.stripe.shopper import Shopper

OPERATOR = "operator@platform.test"


def plan(cast):
    with public_context():
        return Tenant.objects.get(pk=cast.home.id).plan_code


def test_a_plan_seen_before_it_was_paid_is_had_once_it_is(buyer, cast):
    one = buyer()
    one.subscribe("scale", payment_behavior="default_incomplete")
    refresh(cast.home.id)
    assert (row(cast).status, plan(cast)) == ("incomplete", "pro")
    one.pay()
    refresh(cast.home.id)
    assert (row(cast).status, plan(cast)) == ("active", "scale")


@pytest.mark.parametrize("seen", [True, False])
def test_the_same_plan_taken_again_is_had_again(seen, fake, cast):
    push()
    shopper = Shopper(fake, cast)
    shopper.address()
    shopper.buy("scale")
    stripe.Subscription.cancel(row(cast).stripe_id)
    if seen:
        subscribing.returned(cast.home)
    services.change_plan(tenant_id=cast.home.id, plan="starter", reason="geste", actor=OPERATOR)
    refresh(cast.home.id)
    assert plan(cast) == "starter", "nothing was bought since"
    shopper.buy("scale")
    assert plan(cast) == "scale"
    services.change_plan(tenant_id=cast.home.id, plan="pro", reason="geste", actor=OPERATOR)
    refresh(cast.home.id)
    assert plan(cast) == "pro", "the operator's word stands beside the same subscription"
