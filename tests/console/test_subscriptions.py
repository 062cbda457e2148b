"""Subscriptions, arrears and cancellations in the console."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry
from billing.models import Cancellation, DunningNotice, Subscription
from mailing.models import OutboxMessage
from tenants import services
from tenants.ids import new_id
from tests.billing.stripe.conftest import deliver, state
from tests.console.made import HOSTILE, LISTS, WHY, event, late, page


@pytest.mark.parametrize("person", ["owner", "member", None])
def test_pages_are_for_operators_only(client_for, people, settings, subscribe, person):
    (row,), stored_event, mails = subscribe(1, **late(1)), event("cus_x"), OutboxMessage.objects.count()
    client = client_for(getattr(people, person) if person else None, host=settings.BASE_HOST)
    urls = [
        *LISTS.values(),
        page(row),
        page(row, "reread"),
        page(row, "mail"),
        page(stored_event),
        page(stored_event, "replay"),
    ]
    for url in urls:
        for answer in (client.get(url), client.post(url, WHY)):
            assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/"), url
    chosen = {"action": "replay_chosen", "_selected_action": [stored_event.pk], **WHY}
    assert client.post(LISTS["webhookevent"], chosen).status_code == 302
    assert not AuditEntry.objects.filter(action__in=["webhook.replayed", "dunning.sent_again"]).exists()
    assert OutboxMessage.objects.count() == mails


def test_pages_are_read_only(console, subscribe):
    (row,), stored_event = subscribe(), event("cus_x")
    for url in (page(row), page(stored_event)):
        assert console.get(url).status_code == 200
        assert console.post(url, {"status": "unpaid", "body": "{}"}).status_code == 403
    assert console.post(page(row, "delete"), {"post": "yes"}).status_code == 403
    assert console.get(page(row, "delete")).status_code == 403
    assert Subscription.objects.get(pk=row.pk).status == "active"


def test_list_by_state_with_revenue_at_risk(console, subscribe):
    subscribe(2)
    subscribe(1, mrr_euros=Decimal("41.17"), **late(3))
    subscribe(1, status="canceled", state="closed", mrr_euros=0)
    answer = console.get(LISTS["subscription"])
    totals = answer.context["totals"]
    assert totals["rows"] == 4
    assert {group["key"]: (group["rows"], group["euros"]) for group in totals["groups"] if group["rows"]} == {
        "current": (2, 298),
        "past_due": (1, Decimal("41.17")),
        "canceled": (1, 0),
    }
    assert totals["risk"]["euros"] == Decimal("41.17") and "41,17" in answer.content.decode()

    def row_count(**query: str) -> int:
        return console.get(LISTS["subscription"], query).context["cl"].result_count

    assert (
        row_count(group="past_due"),
        row_count(group="never"),
        row_count(state="closed"),
        row_count(q="abonne-"),
    ) == (1, 0, 1, 4)
    assert (row_count(cancel_at_period_end__exact="0"), row_count(q="nobody")) == (4, 0)
    assert row_count(group="nonsense") == 4


def test_subscription_page_shows_all_details(console, people, subscribe, settings):
    settings.STRIPE_LIVE_MODE = False
    (row,) = subscribe(
        payment_method="Visa •••• 4242",
        discount="Bienvenue",
        cancel_at_period_end=True,
        moved_to="past_due",
        interval="year",
    )
    Subscription.objects.filter(pk=row.pk).update(moved_for=f"{row.stripe_id} active ")
    event(row.stripe_customer_id, "customer.subscription.updated", processed=True)
    event("cus_another", "charge.refunded")
    DunningNotice.objects.create(tenant_id=row.tenant_id, past_due_since=timezone.now(), day=3)
    Cancellation.objects.create(
        tenant_id=row.tenant_id, reason="unused", outcome="kept", comment=HOSTILE, plan_code="pro"
    )
    del settings.STRIPE_API_HOST
    page_text = console.get(page(row)).content.decode()
    for words in (
        "Visa •••• 4242",
        "Bienvenue",
        "À la main",
        "puis prend fin",
        "149,00",
        "par an",
        "Pas assez utilisé",
    ):
        assert words in page_text, words
    assert f"https://dashboard.stripe.com/test/customers/{row.stripe_customer_id}" in page_text
    assert "customer.subscription.updated" in page_text and "charge.refunded" not in page_text
    assert f"/admin/tenants/tenant/{row.tenant_id}/change/" in page_text
    assert HOSTILE not in page_text
    settings.STRIPE_API_HOST = "http://127.0.0.1:1"
    assert "dashboard.stripe.com" not in console.get(page(row)).content.decode()


@pytest.mark.parametrize("listed", LISTS)
def test_query_count_does_not_grow_with_rows(console, subscribe, listed):
    def fill(number: int) -> None:
        for row in subscribe(number, **late(2)):
            DunningNotice.objects.create(tenant_id=row.tenant_id, past_due_since=row.past_due_since, day=0)
            event(row.stripe_customer_id)
            Cancellation.objects.create(tenant_id=row.tenant_id, reason="unused", outcome="kept", plan_code="pro")

    fill(3)
    console.get(LISTS[listed])
    with CaptureQueriesContext(connection) as few:
        console.get(LISTS[listed])
    fill(27)
    with CaptureQueriesContext(connection) as many:
        answer = console.get(LISTS[listed])
    assert answer.content.decode().count("abonne-") >= 30
    assert len(many) == len(few) <= 16, [query["sql"][:90] for query in many]


def test_row_of_a_deleted_workspace_is_shown(console):
    row = Subscription.objects.create(tenant_id=new_id(), stripe_customer_id="cus_gone", status="active")
    event("cus_gone")
    Cancellation.objects.create(tenant_id=row.tenant_id, reason="other", outcome="cancelled")
    for url in (*LISTS.values(), page(row)):
        assert console.get(url).status_code == 200
    assert console.post(page(row, "reread"), WHY).status_code == 400
    assert console.get("/admin/billing/subscription/nonsense/reread/").status_code in (403, 404)


def test_subscription_is_synced_on_demand(console, buyer, fake, people):
    buyer().subscribe("pro")
    fake.take()
    row = Subscription.objects.get(tenant_id=people.home.id)
    assert console.post(page(row, "reread"), {"reason": ""}).status_code == 400
    assert state(people) == "trial"
    assert console.post(page(row, "reread"), WHY).status_code == 302
    row.refresh_from_db()
    assert (state(people), row.status) == ("active", "active")
    act = AuditEntry.objects.get(action="subscription.reread")
    assert (act.actor, act.target, act.details) == (people.operator.email, people.home.slug, WHY)


def test_unavailable_stripe_is_reported(console, buyer, fake, people):
    buyer().subscribe("pro")
    row = Subscription.objects.get(tenant_id=people.home.id)
    fake.post("fail", path="/v1/subscriptions", status=500, retry="false")
    answer = console.post(page(row, "reread"), WHY)
    assert answer.status_code == 400 and "Stripe n’a pas répondu" in answer.content.decode()
    assert not AuditEntry.objects.filter(action="subscription.reread").exists()
    assert state(people) == "trial"


def test_arrears_are_listed_oldest_first(console, subscribe):
    (new,), (old,) = subscribe(1, **late(1)), subscribe(1, **late(8))
    (cut,) = subscribe(1, **late(20) | {"status": "unpaid", "state": "suspended"})
    subscribe(1)
    subscribe(1, **late(40) | {"status": "canceled", "state": "closed"})
    for day in (0, 3, 7):
        DunningNotice.objects.create(tenant_id=old.tenant_id, past_due_since=old.past_due_since, day=day)
    answer = console.get(LISTS["dunning"])
    rows = list(answer.context["cl"].result_list)
    assert [row.pk for row in rows] == [cut.pk, old.pk, new.pk]
    assert [row.sent_days for row in rows] == [[], [0, 3, 7], []]
    page_text = answer.content.decode()
    assert "0 · 3 · 7" in page_text and "8 jours" in page_text and "En lecture seule" in page_text
    assert answer.context["at_risk"] == {"rows": 3, "euros": 447}
    assert page(old, "mail") in page_text and page(cut, "mail") not in page_text
    assert console.get(f"/admin/billing/dunning/{old.pk}/change/")["Location"] == page(old)


def test_dunning_mail_is_sent_again(console, owing, fake, people):
    owing(3.5)
    deliver(fake.take()[-1])
    row = Subscription.objects.get(tenant_id=people.home.id)
    mails = OutboxMessage.objects.filter(subject__contains="paiement")
    before = mails.count()
    assert console.get(page(row, "mail")).status_code == 200
    assert console.post(page(row, "mail"), {}).status_code == 400
    assert mails.count() == before
    assert console.post(page(row, "mail"), WHY).status_code == 302
    assert mails.count() == before + 1
    assert list(DunningNotice.objects.values_list("day", flat=True)) == [3], "the schedule does not send it again"
    assert AuditEntry.objects.get(action="dunning.sent_again").details == {**WHY, "day": 3}


def test_workspace_without_arrears_or_read_only_gets_no_dunning_mail(console, subscribe):
    (good,), (cut,) = subscribe(), subscribe(1, **late(20) | {"state": "suspended"})
    mails = OutboxMessage.objects.count()
    assert console.post(page(good, "mail"), WHY).status_code == 403
    answer = console.post(page(cut, "mail"), WHY)
    assert answer.status_code == 400 and "rc-error" in answer.content.decode()
    assert OutboxMessage.objects.count() == mails


def test_cancellation_reasons_are_listed(console, subscribe):
    (row,) = subscribe()
    given = [("too_expensive", "kept"), ("too_expensive", "cancelled"), ("unused", "resumed")]
    for reason, outcome in given:
        Cancellation.objects.create(tenant_id=row.tenant_id, reason=reason, outcome=outcome, comment=HOSTILE)
    answer = console.get(LISTS["cancellation"])
    reasons = [(reason["reason"], reason["rows"], reason["stayed"]) for reason in answer.context["reasons"]]
    assert reasons == [("too_expensive", 2, 1), ("unused", 1, 1)]
    page_text = answer.content.decode()
    assert "Trop cher" in page_text and HOSTILE not in page_text
    filtered = console.get(LISTS["cancellation"], {"outcome__exact": "kept"})
    assert [reason["rows"] for reason in filtered.context["reasons"]] == [1]


def test_closing_page_mentions_the_subscription(console, people):
    def explanation(act: str) -> str:
        return str(console.get(f"/admin/tenants/tenant/{people.home.id}/{act}/").content.decode())

    assert "abonnement chez Stripe" not in explanation("close") + explanation("delete-now")
    row = Subscription.objects.create(tenant_id=people.home.id, stripe_id="sub_1", status="active", plan_code="pro")
    assert "résilié aussitôt" in explanation("close") and "résilié aussitôt" in explanation("delete-now")
    services.tenant_suspend(tenant_id=people.home.id, reason="essai", actor="test")
    assert "abonnement chez Stripe" not in explanation("resume")
    services.tenant_close(tenant_id=people.home.id, reason="essai", actor="test")
    Subscription.objects.filter(pk=row.pk).update(status="canceled")
    assert "ne le ramène pas" in explanation("resume") and "résilié" not in explanation("delete-now")
