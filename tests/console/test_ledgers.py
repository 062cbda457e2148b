"""Read-only and append-only pages of the console; figures equal the ledger."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from assistants.models import Assistant, Model, Price, PromptVersion
from mailing.models import OutboxMessage
from plans.models import Entitlement
from plans.selectors import plan_of
from tenants.context import public_context, tenant_context
from tenants.models import SchemaFailure
from tests.people import People
from usage.models import UsageEvent

READ_ONLY = ["usageevent", "quotacounter", "reservation", "auditentry", "dailyfigures", "outboxmessage", "domain"]


def _address(name: str) -> str:
    site = getattr(admin.site, "_wrapped", admin.site)
    model = next(model for model in site._registry if model._meta.model_name == name)
    return f"/admin/{model._meta.app_label}/{name}/"


@pytest.mark.parametrize("name", [*READ_ONLY, "deletioncertificate", "readyschema", "schemafailure"])
def test_read_only_pages_refuse_every_post(console: Client, people: People, spend: Any, name: str) -> None:
    spend(people.home, "0.0255")
    site = getattr(admin.site, "_wrapped", admin.site)
    model = next(model for model in site._registry if model._meta.model_name == name)
    with tenant_context(people.home):
        before = list(model._default_manager.order_by("pk").values())
    assert console.post(f"{_address(name)}add/", {"cost": "1"}).status_code == 403
    keys = [row[model._meta.pk.name] for row in before][:1]
    for key in keys:
        assert console.post(f"{_address(name)}{key}/change/", {"cost": "0"}).status_code == 403
        assert console.post(f"{_address(name)}{key}/delete/", {"post": "yes"}).status_code == 403
    console.post(_address(name), {"action": "delete_selected", "_selected_action": keys, "post": "yes"})
    with tenant_context(people.home):
        assert list(model._default_manager.order_by("pk").values()) == before


def test_failed_migrations_show_the_workspace_and_the_error(console: Client, people: People) -> None:
    with public_context():
        SchemaFailure.objects.create(
            schema_name=people.home.schema_name, migration="library.0900", error="no such thing"
        )
        SchemaFailure.objects.create(schema_name="w_0123456789ab", migration="library.0900", error="nor that")
    text = console.get(_address("schemafailure")).content.decode()
    assert people.home.slug in text and "no such thing" in text and "nor that" in text


def test_list_shows_exact_costs_and_totals(console: Client, people: People, spend: Any) -> None:
    spend(people.home, "0.025500000001")
    spend(people.away, "0.0000625", outcome="failed")
    page = console.get(_address("usageevent"))
    text = page.content.decode()
    assert "0,025500000001" in text and "0,0000625" in text
    assert page.context["totals"]["cost"] == Decimal("0.025562500001")
    filtered = console.get(_address("usageevent"), {"tenant_slug": people.away.slug, "outcome__exact": "failed"})
    assert filtered.context["totals"] == {"acts": 1, "tokens": 300, "cost": Decimal("0.0000625")}
    today = timezone.localdate().isoformat()
    same_day = console.get(_address("usageevent"), {"at_from": today, "at_to": today})
    assert same_day.context["totals"]["acts"] == 2


def test_dashboard_figures_equal_the_ledger(console: Client, people: People, spend: Any) -> None:
    from analytics.services import record_presence

    for cost in ("0.0255", "0.000000000001", "1.5"):
        spend(people.home, cost, tokens=1000)
    spend(people.away, "0.25", tokens=50)
    with tenant_context(people.home):
        record_presence(people.member.pk)
        record_presence(people.member.pk)
    page = console.get("/admin/")
    overview = page.context["overview"]
    ledger = UsageEvent.objects.aggregate(cost=Sum("cost"), tokens=Sum("input_tokens"))
    assert overview.cost_month == ledger["cost"] == Decimal("1.775500000001")
    assert overview.tokens_month == ledger["tokens"] == 3050
    assert (overview.contents_month, overview.contents_total, overview.people_today) == (4, 4, 1)
    assert (overview.trial, overview.active, overview.suspended) == (2, 0, 0)
    assert [row.slug for row in page.context["top"]] == ["atelier", "voisine"]
    assert len(page.context["latest"]) == 4


def test_saved_plan_applies_at_once(console: Client, people: People, on_commit: Any) -> None:
    assert plan_of(people.home)["limits"]["seats"]["limit"] == 15
    page = console.get("/admin/plans/plan/pro/change/")
    data = {key: value for key, value in page.context["adminform"].form.initial.items() if value is not None}
    formset = page.context["inline_admin_formsets"][0].formset
    data |= {f"{formset.prefix}-TOTAL_FORMS": len(formset.forms), f"{formset.prefix}-INITIAL_FORMS": len(formset.forms)}
    for form in formset.forms:
        data |= {f"{form.prefix}-id": str(form.instance.pk), f"{form.prefix}-plan": "pro"}
        data |= {f"{form.prefix}-{key}": value for key, value in form.initial.items() if value is not None}
        if form.initial["key"] == "seats":
            data[f"{form.prefix}-limit"] = "16"
    with on_commit(execute=True):
        assert console.post("/admin/plans/plan/pro/change/", data).status_code == 302
    assert Entitlement.objects.get(plan_id="pro", key="seats").limit == 16
    assert plan_of(people.home)["limits"]["seats"]["limit"] == 16


def _price(**changed: Any) -> dict[str, Any]:
    model = Model.objects.get(name="gpt-6-luna")
    now = timezone.localtime()
    return {
        "model": str(model.pk),
        "valid_from_0": now.strftime("%d/%m/%Y"),
        "valid_from_1": now.strftime("%H:%M:%S"),
        "currency": "usd",
        "rate": "0.90",
        "rate_date": "20/11/2026",
        "input": "0.20",
        "cache_read": "0.10",
        "cache_write": "0.20",
        "output": "0.80",
        "image": "0",
    } | changed


def test_price_is_added_and_converted_to_euros(console: Client, people: People, spend: Any) -> None:
    past = spend(people.home, "0.0255")
    count = Price.objects.count()
    assert console.post("/admin/assistants/price/add/", _price()).status_code == 302
    created = Price.objects.order_by("-id").first()
    assert created is not None and Price.objects.count() == count + 1
    assert (created.input_eur, created.output_eur) == (Decimal("0.18"), Decimal("0.72"))
    assert UsageEvent.objects.get(pk=past.pk).cost == Decimal("0.0255")
    for act, data in (("change", _price(input="9")), ("delete", {"post": "yes"})):
        assert console.post(f"/admin/assistants/price/{created.pk}/{act}/", data).status_code == 403
    assert Price.objects.get(pk=created.pk).input == Decimal("0.2")


@pytest.mark.parametrize("changed", [{"rate_date": ""}, {"input": "-1"}, {"currency": "EUR"}])
def test_invalid_price_is_refused(console: Client, changed: dict[str, str]) -> None:
    count = Price.objects.count()
    assert console.post("/admin/assistants/price/add/", _price(**changed)).status_code == 200
    assert Price.objects.count() == count


def test_prompt_version_is_added_compared_and_reverted(console: Client, people: People) -> None:
    assistant = Assistant.objects.get(code="general")
    first = assistant.current_version
    assert first is not None
    base = f"/admin/assistants/assistant/{assistant.pk}"
    same = console.post(f"{base}/versions/new/", {"text": first.text, "note": ""})
    assert same.status_code == 400
    console.post(f"{base}/versions/new/", {"text": first.text + "\nSois bref.", "note": "plus court"})
    assistant.refresh_from_db()
    assert assistant.current_version is not None
    assert (assistant.current_version.number, assistant.current_version.author) == (2, people.operator.email)
    page = console.get(f"{base}/versions/")
    assert ("plus", "+Sois bref.") in page.context["diff"]
    assert console.get(f"{base}/versions/{first.pk}/serve/").status_code == 405
    console.post(f"{base}/versions/{first.pk}/serve/")
    assistant.refresh_from_db()
    assert assistant.current_version == first
    assert PromptVersion.objects.filter(assistant=assistant).count() == 2
    acts = AuditEntry.objects.filter(target="general").exclude(actor_id=None).order_by("id")
    assert list(acts.values_list("action", flat=True)) == ["prompt.created", "prompt.put_in_service"]


def test_assistant_can_be_changed_but_not_deleted(console: Client) -> None:
    assistant = Assistant.objects.get(code="general")
    url = f"/admin/assistants/assistant/{assistant.pk}"
    data = {"name": "Assistant", "tagline": "Tout", "icon": "sparkles", "produces": "text", "starters": "Un\n\n Deux "}
    data |= {"position": "0", "is_active": "on", "max_output_tokens": "512"}
    assert console.post(f"{url}/change/", data).status_code == 302
    assistant.refresh_from_db()
    assert (assistant.name, assistant.starters, assistant.code) == ("Assistant", ["Un", "Deux"], "general")
    assert console.post(f"{url}/delete/", {"post": "yes"}).status_code == 403
    assert Assistant.objects.filter(pk=assistant.pk).exists()


def test_new_assistant_has_a_first_version(console: Client) -> None:
    data = {"name": "Juriste", "code": "juriste", "tagline": "Le droit", "icon": "scale", "produces": "text"}
    data |= {"starters": "", "position": "9", "is_active": "on", "max_output_tokens": "512", "prompt": "Tu es juriste."}
    assert console.post("/admin/assistants/assistant/add/", data).status_code == 302
    created = Assistant.objects.select_related("current_version").get(code="juriste")
    assert created.current_version is not None
    assert (created.current_version.number, created.current_version.text) == (1, "Tu es juriste.")


def test_kept_mails_are_readable_and_failed_ones_can_be_sent_again(
    console: Client, people: People, settings: Any
) -> None:
    row = OutboxMessage.objects.create(sender="a@b.test", to=["c@d.test"], subject="Bonjour", text="secret-123")
    url = f"/admin/mailing/outboxmessage/{row.pk}"
    settings.MAIL_KEEPS_BODIES = True
    assert "secret-123" in console.get(f"{url}/change/").content.decode()
    settings.MAIL_KEEPS_BODIES = False
    assert "secret-123" not in console.get(f"{url}/change/").content.decode()
    assert console.post(f"{url}/resend/", {"reason": "trop tôt"}).status_code == 403
    OutboxMessage.objects.filter(pk=row.pk).update(status="failed", tries=6, error="refusé")
    console.post(f"{url}/resend/", {"reason": "serveur rétabli"})
    row.refresh_from_db()
    assert (row.status, row.tries, row.error) == ("waiting", 0, "")
    assert AuditEntry.objects.get(action="mail.resent").details["reason"] == "serveur rétabli"
