"""What is paid for is what the workspace has, whatever stood before, and whatever cannot be read after."""

import pytest
import stripe
from django.core.exceptions import ValidationError

from accounts.models import AuditEntry
from billing import api
from billing.stripe.sync import refresh
from billing.subscription_types import Choice
from tenants import services, trials
from tenants.context import public_context, tenant_context
from tenants.models import Tenant
from tests.billing.stripe.conftest import push, row, state
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


@pytest.fixture
def shopper(fake, cast):
    push()
    one = Shopper(fake, cast)
    one.address()
    return one


@pytest.mark.parametrize("seen", [True, False])
def test_the_same_plan_taken_again_is_had_again(seen, shopper, cast):
    shopper.buy("scale")
    stripe.Subscription.cancel(row(cast).stripe_id)
    if seen:
        api.returned(cast.home)
    services.change_plan(tenant_id=cast.home.id, plan="starter", reason="geste", actor=OPERATOR)
    refresh(cast.home.id)
    assert plan(cast) == "starter", "nothing was bought since"
    shopper.buy("scale")
    assert plan(cast) == "scale"
    services.change_plan(tenant_id=cast.home.id, plan="pro", reason="geste", actor=OPERATOR)
    refresh(cast.home.id)
    assert plan(cast) == "pro", "the operator's word stands beside the same subscription"


def unread(fake):
    """What is done is done; how it is then cannot be read."""
    fake.tell("fail", path="/v1/subscriptions$", method="GET", status=500, retry="false")


def acts():
    return list(AuditEntry.objects.filter(action__startswith="subscription.").values_list("action", flat=True))


def test_what_was_done_is_not_said_to_have_failed(shopper, fake, cast):
    """Nor is it done twice, nor undone in words only."""
    shopper.buy("starter")
    with tenant_context(cast.home):
        shown = api.preview(cast.home, Choice("pro"))
        unread(fake)
        assert api.change(cast.home, Choice("pro"), at=shown.at, actor=cast.owner).done
        unread(fake)
        told = {"reason": "other", "comment": "", "offer": ""}
        api.cancel(cast.home, **told, actor=cast.owner)
        assert not api.current(cast.home).ends, "the webhook comes later"
        with pytest.raises(ValidationError, match="déjà fin"):
            api.cancel(cast.home, **told, actor=cast.owner)
        unread(fake)
        api.resume(cast.home, actor=cast.owner)
        assert sorted(acts()) == ["subscription.cancelled", "subscription.changed", "subscription.resumed"]
    assert not stripe.Subscription.retrieve(row(cast).stripe_id).cancel_at_period_end
    assert api.returned(cast.home).choice == Choice("pro")


def test_who_pays_does_not_fall_back_into_a_trial(shopper, cast):
    shopper.buy("pro")
    services.tenant_suspend(tenant_id=cast.home.id, reason="vérification", actor=OPERATOR)
    services.tenant_resume(tenant_id=cast.home.id, reason="vérifié", actor=OPERATOR)
    assert state(cast) == "active"
    with public_context():
        assert trials.expire_trials() == 0
    assert state(cast) == "active"
