"""Workspaces in the console: creation, list, and actions with a reason."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from mailing.models import OutboxMessage
from tenants.context import tenant_context
from tenants.models import Domain, ReadySchema, Tenant
from tenants.selectors import tenant_ref
from tests.people import People

NEW = "/admin/tenants/tenant/new/"
GOOD = {"name": "Cabinet Neuf", "slug": "cabinet-neuf", "email": "o@neuf.test", "plan": "starter", "language": "fr"}


def page(people: People, act: str = "change") -> str:
    return f"/admin/tenants/tenant/{people.home.id}/{act}/"


def test_workspace_is_created_by_the_form(console: Client) -> None:
    response = console.post(NEW, GOOD)
    created = response.context["created"]
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert created.password in response.content.decode()
    tenant = Tenant.objects.get(slug="cabinet-neuf")
    assert (tenant.name, tenant.plan_code, tenant.state) == ("Cabinet Neuf", "starter", "trial")
    assert AuditEntry.objects.filter(action="tenant.created", target="cabinet-neuf").count() == 1
    welcome = OutboxMessage.objects.get(tenant_id=tenant.pk)
    assert welcome.to == ["o@neuf.test"] and created.password in welcome.text
    with tenant_context(tenant_ref(tenant.pk)):
        owner = User.objects.get()
    assert owner.role == Role.OWNER and owner.must_change_password and owner.check_password(created.password)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "admin"),
        ("slug", "Été!"),
        ("slug", "ab"),
        ("slug", "atelier"),
        ("slug", ""),
        ("name", ""),
        ("email", "pas une adresse"),
        ("plan", "inconnue"),
    ],
)
def test_refused_form_changes_nothing(console: Client, field: str, value: str) -> None:
    def left() -> tuple[int, ...]:
        taken = ReadySchema.objects.exclude(tenant=None).count()
        return Tenant.objects.count(), Domain.objects.count(), OutboxMessage.objects.count(), taken

    before = left()
    response = console.post(NEW, GOOD | {field: value})
    assert response.status_code == 400
    assert list(response.context["form"].errors) == [field]
    assert left() == before


@pytest.mark.parametrize(
    ("slug", "ok"), [("cabinet-neuf", True), ("admin", False), ("atelier", False), ("a", False), ("élan", False)]
)
def test_slug_check_returns_json(console: Client, slug: str, ok: bool) -> None:
    answer = console.get("/admin/tenants/tenant/slug/", {"slug": slug}).json()
    assert answer["ok"] is ok
    assert answer["message"]


def test_suspend_and_resume_with_a_reason(console: Client, people: People) -> None:
    console.post(page(people, "suspend"), {"reason": "facture impayée"})
    assert Tenant.objects.get(pk=people.home.id).state == "suspended"
    console.post(page(people, "resume"), {"reason": "payée ce matin"})
    assert Tenant.objects.get(pk=people.home.id).state == "trial"
    acts = AuditEntry.objects.filter(action="tenant.state_changed", target=people.home.slug).order_by("id")
    assert [(act.actor, act.details["after"], act.details["reason"]) for act in acts] == [
        (people.operator.email, "suspended", "facture impayée"),
        (people.operator.email, "trial", "payée ce matin"),
    ]
    with tenant_context(people.home):
        assert AuditEntry.objects.filter(action="tenant.state_changed").count() == 2


def test_plan_is_changed_with_a_reason(console: Client, people: People) -> None:
    console.post(page(people, "plan"), {"plan": "scale", "reason": "ils grandissent"})
    assert Tenant.objects.get(pk=people.home.id).plan_code == "scale"
    act = AuditEntry.objects.get(action="tenant.plan_changed")
    assert act.details == {"before": "pro", "after": "scale", "reason": "ils grandissent"}


@pytest.mark.parametrize(("act", "data"), [("suspend", {}), ("close", {"reason": ""}), ("plan", {"plan": "scale"})])
def test_action_without_reason_changes_nothing(console: Client, people: People, act: str, data: dict[str, str]) -> None:
    before = Tenant.objects.values().get(pk=people.home.id)
    assert console.post(page(people, act), data).status_code == 400
    assert Tenant.objects.values().get(pk=people.home.id) == before
    acts = AuditEntry.objects.filter(target=people.home.slug).values_list("action", flat=True)
    assert list(acts) == ["tenant.created"]


def test_action_not_allowed_in_the_state_is_refused(console: Client, people: People) -> None:
    assert console.post(page(people, "resume"), {"reason": "sans objet"}).status_code == 403
    acts = AuditEntry.objects.filter(target=people.home.slug).values_list("action", flat=True)
    assert list(acts) == ["tenant.created"]


def test_deletion_requires_the_slug(console: Client, people: People) -> None:
    response = console.post(page(people, "delete-now"), {"typed_slug": "autre", "reason": "essai"})
    assert response.status_code == 400
    assert Tenant.objects.filter(pk=people.home.id).exists()
    assert console.post(page(people, "delete")).status_code == 403
    assert Tenant.objects.filter(pk=people.home.id).exists()


def test_workspace_page_is_read_only(console: Client, people: People) -> None:
    before = Tenant.objects.values().get(pk=people.home.id)
    assert console.get(page(people)).status_code == 200
    assert console.post(page(people), {"name": "Autre", "state": "closed", "slug": "autre"}).status_code == 403
    assert Tenant.objects.values().get(pk=people.home.id) == before


def test_query_count_does_not_grow_with_rows(console: Client, people: People, spend: Any) -> None:
    address = reverse("admin:tenants_tenant_changelist")
    spend(people.home, "0.01")
    console.get(address)
    with CaptureQueriesContext(
        connection,
    ) as few:
        console.get(address)
    for number in range(28):
        tenant = Tenant.objects.create(
            slug=f"autre-{number}", name="Autre", email="a@b.test", schema_name=f"w_x{number}"
        )
        Domain.objects.create(tenant=tenant, domain=f"autre-{number}.localhost", is_primary=True)
    with CaptureQueriesContext(connection) as many:
        response = console.get(address)
    assert response.content.decode().count("autre-") >= 28
    assert len(many) == len(few)


def test_list_is_searched_and_filtered(console: Client, people: People) -> None:
    address = reverse("admin:tenants_tenant_changelist")
    assert [row.slug for row in console.get(address, {"q": "voisin"}).context["cl"].queryset] == ["voisine"]
    assert [row.slug for row in console.get(address, {"q": "owner@atelier"}).context["cl"].queryset] == ["atelier"]
    assert not console.get(address, {"plan": "starter"}).context["cl"].queryset.exists()
    assert not console.get(address, {"state__exact": "suspended"}).context["cl"].queryset.exists()


def test_trial_is_extended_to_the_end_of_the_day(console: Client, people: People) -> None:
    before = Tenant.objects.get(pk=people.home.id)
    day = timezone.localdate() + timedelta(days=40)
    assert "Prolonger l’essai" in console.get(page(people)).content.decode()
    good = {"last_day": day.isoformat(), "reason": "le comptable hésite"}
    assert console.post(page(people, "trial"), good | {"last_day": ""}).status_code == 400
    past = console.post(page(people, "trial"), good | {"last_day": "2020-01-01"})
    assert past.status_code == 400 and "Choisissez une date" in past.content.decode()
    assert Tenant.objects.get(pk=people.home.id).trial_ends_at == before.trial_ends_at
    assert console.post(page(people, "trial"), good).status_code == 302
    ends = timezone.localtime(Tenant.objects.get(pk=people.home.id).trial_ends_at)
    assert (ends.date(), ends.hour, ends.minute) == (day + timedelta(days=1), 0, 0)
