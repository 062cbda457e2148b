"""Grants, options and prices of a workspace in the console."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from plans import entitlements
from plans.models import Override, Plan, Price, TenantAddOn
from tests.people import People

GRANT, GIVE, SET = (f"/admin/plans/{page}/" for page in ("override/grant", "tenantaddon/give", "price/set"))


def day(days: int) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def test_override_is_granted_shown_and_ended(console: Client, people: People) -> None:
    sent = {"slug": "atelier", "key": "seats", "limit": "40", "last_day": day(3), "reason": "essai commercial"}
    assert console.post(GRANT, sent).status_code == 302
    row = Override.objects.get()
    assert (row.limit, row.reason, row.granted_by) == (40, "essai commercial", people.operator.email)
    assert row.expires_at is not None
    assert timezone.localtime(row.expires_at).date() == timezone.localdate() + timedelta(days=4)
    assert entitlements.for_tenant(people.home).limit("seats") == 40
    listed = console.get("/admin/plans/override/").content.decode()
    assert "essai commercial" in listed and f"/admin/plans/override/{row.pk}/end/" in listed
    end = f"/admin/plans/override/{row.pk}/end/"
    assert console.get(end).status_code == 200
    assert console.post(end, {"reason": ""}).status_code == 400
    assert console.post(end, {"reason": "fini"}).status_code == 302
    assert entitlements.for_tenant(people.home).limit("seats") == 15
    acts = list(AuditEntry.objects.filter(target="atelier", action__startswith="override").values_list("action"))
    assert len(acts) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"slug": "personne"},
        {"slug": ""},
        {"key": "inconnu"},
        {"limit": "-1"},
        {"limit": "beaucoup"},
        {"last_day": "hier"},
        {"last_day": day(-2)},
        {"reason": ""},
    ],
)
def test_refused_form_changes_nothing(console: Client, wrong: dict[str, str]) -> None:
    sent = {"slug": "atelier", "key": "seats", "limit": "40", "last_day": "", "reason": "essai"} | wrong
    page = console.post(GRANT, sent)
    assert page.status_code == 400 and "rc-error" in page.content.decode()
    assert not Override.objects.exists() and not AuditEntry.objects.filter(action="override.granted").exists()


def test_override_without_limit_and_end(console: Client, people: People) -> None:
    sent = {"slug": "ATELIER ", "key": "seats", "limit": "", "last_day": "", "reason": "essai"}
    assert console.post(GRANT, sent).status_code == 302
    assert entitlements.for_tenant(people.home).limit("seats") is None
    assert "sans limite" in console.get("/admin/plans/override/").content.decode()


def test_option_is_given_once_and_withdrawn(console: Client, people: People) -> None:
    sent = {"slug": "atelier", "add_on": "analytics", "quantity": "1", "last_day": "", "reason": "geste"}
    assert console.post(GIVE, sent).status_code == 302
    assert entitlements.for_tenant(people.home).has("analytics")
    page = console.post(GIVE, sent)
    assert page.status_code == 400 and "déjà cette option" in page.content.decode()
    row = TenantAddOn.objects.get(tenant_id=people.home.id, until=None)
    assert console.post(f"/admin/plans/tenantaddon/{row.pk}/end/", {"reason": "fini"}).status_code == 302
    assert not entitlements.for_tenant(people.home).has("analytics")


def test_subscribed_option_cannot_be_withdrawn(console: Client, people: People) -> None:
    row = TenantAddOn.objects.create(
        tenant_id=people.home.id, add_on_id="analytics", since=timezone.now(), source="stripe"
    )
    page = console.post(f"/admin/plans/tenantaddon/{row.pk}/end/", {"reason": "fini"})
    assert page.status_code == 400
    row.refresh_from_db()
    assert row.until is None


def test_workspace_page_shows_entitlements_and_their_sources(console: Client, people: People, on_commit: Any) -> None:
    console.post(GRANT, {"slug": "atelier", "key": "seats", "limit": "40", "last_day": day(3), "reason": "essai long"})
    console.post(
        GIVE, {"slug": "atelier", "add_on": "unlimited_api", "quantity": "1", "last_day": "", "reason": "geste"}
    )
    page = console.get(f"/admin/tenants/tenant/{people.home.id}/change/").content.decode()
    section = page[page.index("Donné par") :]
    for text in ("essai long", "Option API illimitée", "Offre Pro", "sans limite", "Places", "Webhooks"):
        assert text in section, text
    assert "/admin/plans/override/grant/?slug=atelier" in page
    assert 'value="atelier"' in console.get(f"{GRANT}?slug=atelier").content.decode()
    assert "Dérogation accordée" in page and "Option donnée" in page


def test_new_price_keeps_the_previous_one(console: Client, people: People) -> None:
    sent = {"product": "plan:pro", "interval": "month", "currency": "EUR", "amount_excl_vat": "159,50"}
    assert console.get(SET).status_code == 200
    assert console.post(SET, sent).status_code == 302
    rows = Price.objects.filter(plan_id="pro", interval="month").order_by("id")
    assert [(row.amount_excl_vat, row.is_active) for row in rows] == [(149, False), (Decimal("159.50"), True)]
    assert Plan.objects.get(pk="pro").month_price == Decimal("159.50")
    assert console.post(SET, sent | {"currency": "euro"}).status_code == 400
    assert "159,50" in console.get("/admin/plans/price/").content.decode()


def test_option_page_shows_its_entitlements(console: Client, people: People) -> None:
    page = console.get("/admin/plans/addon/unlimited_api/change/")
    formset = page.context["inline_admin_formsets"][0].formset
    assert {form.initial["key"] for form in formset.forms} == {
        "api_calls_month",
        "api_calls_hour",
        "webhooks",
        "api_all_endpoints",
    }
