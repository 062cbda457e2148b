"""Several workers at once, on one workspace, the same event among them: one at a time, and nothing twice."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, connections
from djstripe import models as mirror

from accounts.models import AuditEntry
from billing.models import DunningNotice, Subscription
from mailing.models import OutboxMessage
from plans.models import TenantAddOn
from tenants import queue, services
from tenants.context import public_context, tenant_context
from tenants.models import Tenant
from tenants.sql import owner_transaction
from tests.billing.stripe.conftest import post, row, state


@pytest.fixture
def put_back(people: Any) -> Iterator[None]:
    """What a committed test leaves."""
    yield
    with public_context():
        services.change_state(tenant_id=people.home.id, state="trial", reason="test", actor="test")
        before = {"version": 0, "plan_code": "pro", "trial_ends_at": people.home.trial_ends_at}
        Tenant.objects.filter(pk=people.home.id).update(state_reason="", **before)
        TenantAddOn.objects.filter(tenant_id=people.home.id).delete()
        OutboxMessage.objects.filter(subject__contains="paiement").delete()
        for model in (DunningNotice, Subscription, mirror.WebhookEventTrigger, mirror.Event):
            model.objects.all().delete()
    # The application may not: its audit log is append-only.
    with owner_transaction() as owner:
        for schema in (people.home.schema_name, "public"):
            statement = f'DELETE FROM "{schema}".accounts_auditentry WHERE action = %s'
            owner.execute(statement.encode(), ["tenant.state_changed"])


@pytest.mark.committed
def test_six_workers(owing, fake, people, put_back):
    owing(3.5)
    sent = fake.take()[-3:]
    posted = [int(post(one).content) for one in (*sent, *sent)]
    failed: list[BaseException] = []
    workers = [threading.Thread(target=_work, args=(key, failed)) for key in posted]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    # Two at once with the same event: the second is refused by the database, and the queue tries it again.
    assert all(isinstance(one, IntegrityError) for one in failed)
    for key in posted:
        queue.run(name="billing.stripe.webhooks.handle", tenant_id=None, arguments={"trigger_id": key})
    assert (state(people), row(people).status) == ("past_due", "past_due")
    with public_context():
        assert DunningNotice.objects.count() == 1
        assert OutboxMessage.objects.filter(subject__contains="paiement").count() == 1
        assert mirror.Event.objects.count() == 3
        assert not mirror.WebhookEventTrigger.objects.filter(processed=False).exists()
    with tenant_context(people.home):
        moves = AuditEntry.objects.filter(action="tenant.state_changed", actor="Stripe")
        assert [move.details["after"] for move in moves] == ["past_due"]


def _work(key: int, failed: list[BaseException]) -> None:
    try:
        queue.run(name="billing.stripe.webhooks.handle", tenant_id=None, arguments={"trigger_id": key})
    except Exception as error:
        failed.append(error)
    finally:
        connections.close_all()
