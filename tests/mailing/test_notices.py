"""What owners hear when the operator suspends and reopens their workspace."""

import pytest

from mailing.models import OutboxMessage
from tenants import services
from tenants.actors import STRIPE, SYSTEM
from tenants.context import public_context
from tenants.models import Tenant

State = Tenant.State


@pytest.fixture(autouse=True)
def in_public(people):
    with public_context():
        OutboxMessage.objects.all().delete()
        yield


def change(people, state, actor="op@x.test"):
    services.change_state(tenant_id=people.home.id, state=state, reason="motif interne", actor=actor)


def mails():
    rows = OutboxMessage.objects.order_by("pk").values_list("to", "subject", "text")
    return [(to, subject.replace("\u00a0", " "), text) for to, subject, text in rows]


def test_a_suspension_and_its_end_are_each_mailed(people):
    change(people, State.SUSPENDED)
    change(people, State.ACTIVE)
    (suspended, reopened) = mails()
    assert suspended[:2] == (["owner@atelier.test"], "Espace Atelier : lecture seule")
    assert "60 jours" in suspended[2] and "motif interne" not in suspended[2]
    assert reopened[1] == "Espace Atelier : il est rouvert" and "tel que vous l’avez laissé" in reopened[2]


def test_what_follows_a_payment_or_time_has_its_own_mails(people):
    for actor in (STRIPE, SYSTEM):
        change(people, State.SUSPENDED, actor)
        change(people, State.ACTIVE, actor)
    assert mails() == []


def test_states_that_change_nothing_for_people_are_not_mailed(people):
    change(people, State.PAST_DUE)
    change(people, State.ACTIVE)
    assert mails() == []
