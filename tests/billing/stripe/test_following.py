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


def plan(people):
    with public_context():
        return Tenant.objects.get(pk=people.home.id).plan_code


def test_a_plan_seen_before_it_was_paid_is_had_once_it_is(buyer, people):
    one = buyer()
    one.subscribe("scale", payment_behavior="default_incomplete")
    refresh(people.home.id)
    assert (row(people).status, plan(people)) == ("incomplete", "pro")
    one.pay()
    refresh(people.home.id)
    assert (row(people).status, plan(people)) == ("active", "scale")


@pytest.fixture
def shopper(fake, people):
    push()
    one = Shopper(fake, people)
    one.address()
    return one


@pytest.mark.parametrize("seen", [True, False])
def test_the_same_plan_taken_again_is_had_again(seen, shopper, people):
    shopper.buy("scale")
    stripe.Subscription.cancel(row(people).stripe_id)
    if seen:
        api.returned(people.home)
    services.change_plan(tenant_id=people.home.id, plan="starter", reason="geste", actor=OPERATOR)
    refresh(people.home.id)
    assert plan(people) == "starter", "nothing was bought since"
    shopper.buy("scale")
    assert plan(people) == "scale"
    services.change_plan(tenant_id=people.home.id, plan="pro", reason="geste", actor=OPERATOR)
    refresh(people.home.id)
    assert plan(people) == "pro", "the operator's word stands beside the same subscription"


def unread(fake):
    """What is done is done; how it is then cannot be read."""
    fake.post("fail", path="/v1/subscriptions$", method="GET", status=500, retry="false")


def acts():
    return list(AuditEntry.objects.filter(action__startswith="subscription.").values_list("action", flat=True))


def test_what_was_done_is_not_said_to_have_failed(shopper, fake, people):
    """Nor is it done twice, nor undone in words only."""
    shopper.buy("starter")
    with tenant_context(people.home):
        shown = api.preview(people.home, Choice("pro"))
        unread(fake)
        assert api.change(people.home, Choice("pro"), at=shown.at, actor=people.owner).done
        unread(fake)
        told = {"reason": "other", "comment": "", "offer": ""}
        api.cancel(people.home, **told, actor=people.owner)
        assert not api.current(people.home).ends, "the webhook comes later"
        with pytest.raises(ValidationError, match="déjà fin"):
            api.cancel(people.home, **told, actor=people.owner)
        unread(fake)
        api.resume(people.home, actor=people.owner)
        assert sorted(acts()) == ["subscription.cancelled", "subscription.changed", "subscription.resumed"]
    assert not stripe.Subscription.retrieve(row(people).stripe_id).cancel_at_period_end
    assert api.returned(people.home).choice == Choice("pro")


def test_who_pays_does_not_fall_back_into_a_trial(shopper, people):
    shopper.buy("pro")
    services.tenant_suspend(tenant_id=people.home.id, reason="vérification", actor=OPERATOR)
    services.tenant_resume(tenant_id=people.home.id, reason="vérifié", actor=OPERATOR)
    assert state(people) == "active"
    with public_context():
        assert trials.expire_trials() == 0
    assert state(people) == "active"
