"""Making and deleting under odd circumstances: what no column holds, two at once, what must stay."""

import threading
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections
from django.test import Client

from analytics.models import ActiveMember, DailyFigures
from mailing.models import OutboxMessage
from tenants import pool, services
from tenants.context import no_context, public_context, tenant_context
from tenants.ids import new_id
from tenants.models import DeletionCertificate, Domain, ReadySchema, Tenant
from tenants.sql import owner_transaction
from tests.people import PASSWORD
from tests.tenants.test_life import explode, left
from usage.models import UsageEvent

NEW = {"slug": "neuve", "name": "Neuve", "email": "n@n.test"}


def remove(slug: str) -> None:
    with no_context(), public_context():
        tenant = Tenant.objects.filter(slug=slug).first()
    if tenant:
        services.tenant_delete_now(tenant_id=tenant.pk, typed_slug=slug, reason="test", actor="test")
        with no_context(), public_context():
            # Figures outlive a workspace; not this one's.
            ActiveMember.objects.filter(tenant_id=tenant.pk).delete()
            DailyFigures.objects.filter(tenant_id=tenant.pk).delete()


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": "x" * 121}, "name_length"),
        ({"name": "\n\t "}, "name_required"),
        ({"email": f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 20}.test"}, "email_length"),
        ({"email": "a@b.test\nBcc: x@x.test"}, "invalid"),
        ({"slug": "atelier"}, "slug_taken"),
        ({"slug": " Atelier "}, "slug_taken"),
        ({"plan": "golden"}, None),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(wrong, code):
    before = left()
    with pytest.raises(ValidationError) as refused:
        services.tenant_create(**(NEW | wrong))
    assert code is None or refused.value.code == code
    assert left() == before


def test_the_longest_name_is_taken():
    made = services.tenant_create(**(NEW | {"name": "x" * 120}))
    assert made.tenant.name == "x" * 120


@pytest.mark.parametrize("event", ["plans.services.open_tenant", "accounts.services.create_workspace_owner"])
def test_a_schema_that_was_claimed_in_vain_stays_free(event, monkeypatch):
    from config import lifecycle

    steps = list(lifecycle.STEPS["made"])
    at = steps.index(event)
    monkeypatch.setitem(lifecycle.STEPS, "made", (*steps[:at], f"{explode.__module__}.explode"))
    with public_context():
        if not ReadySchema.objects.filter(tenant=None).exists():
            pool.create_ready_schema()
        free = set(ReadySchema.objects.filter(tenant=None).values_list("schema_name", flat=True))
    with pytest.raises(ZeroDivisionError):
        services.tenant_create(**NEW)
    with public_context():
        assert set(ReadySchema.objects.filter(tenant=None).values_list("schema_name", flat=True)) == free


def at_once(count: int, make) -> tuple[list[services.CreatedWorkspace], list[Exception]]:
    made, failed, ready = [], [], threading.Barrier(count)

    def one(number: int) -> None:
        ready.wait()
        try:
            with no_context():
                made.append(make(number))
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return made, failed


@pytest.mark.committed
def test_one_address_asked_for_by_two_at_once_is_given_once():
    try:
        made, failed = at_once(3, lambda number: services.tenant_create(**NEW, password=PASSWORD))
        assert len(made) == 1
        assert [getattr(error, "code", error) for error in failed] == ["slug_taken"] * 2
        with public_context():
            assert (
                Tenant.objects.filter(slug="neuve").count() == Domain.objects.filter(tenant__slug="neuve").count() == 1
            )
            assert OutboxMessage.objects.filter(tenant_slug="neuve").count() == 1
    finally:
        remove("neuve")


@pytest.mark.committed
def test_a_schema_made_and_taken_by_another_meanwhile_is_not_shared(monkeypatch):
    """Between our making of a schema and our lock, somebody else claims it: we make another."""
    real, thieves = pool.create_ready_schema, []
    theirs = NEW | {"slug": "voleuse", "password": PASSWORD}

    def stolen_at_once() -> str:
        name = real()
        if not thieves:
            thieves.append(name)
            _made, failed = at_once(1, lambda _number: services.tenant_create(**theirs))
            assert not failed
        return name

    with public_context():
        free = list(ReadySchema.objects.filter(tenant=None).values_list("pk", flat=True))
        ReadySchema.objects.filter(tenant=None).delete()
    monkeypatch.setattr(pool, "create_ready_schema", stolen_at_once)
    try:
        made = services.tenant_create(**NEW, password=PASSWORD)
        with public_context():
            other = Tenant.objects.get(slug="voleuse")
        assert made.tenant.schema_name != other.schema_name
    finally:
        monkeypatch.undo()
        remove("neuve")
        remove("voleuse")
        with public_context():
            ReadySchema.objects.bulk_create([ReadySchema(schema_name=name) for name in free])


@pytest.mark.committed
def test_the_ledger_outlives_a_deleted_workspace():
    from usage.services import meter

    made = services.tenant_create(slug="adieu", name="Adieu", email="a@a.test", password=PASSWORD)
    with tenant_context(made.tenant):
        meter(
            reference=new_id(),
            provider="openai",
            model="gpt-6-luna",
            outcome="done",
            input_tokens=1,
            cost=Decimal("0.5"),
        )
    remove("adieu")
    with public_context():
        kept = UsageEvent.objects.get(tenant_id=made.tenant.id)
        assert (kept.tenant_slug, kept.cost) == ("adieu", Decimal("0.5"))
        certificate = DeletionCertificate.objects.get(tenant_id=made.tenant.id)
        assert (certificate.slug, certificate.name, certificate.reason) == ("adieu", "Adieu", "test (test)")
        assert not ReadySchema.objects.filter(schema_name=made.tenant.schema_name).exists()
    # The application itself could not: the ledger is append-only.
    with owner_transaction() as owner:
        owner.execute("DELETE FROM public.billing_usageevent WHERE tenant_id = %s", [made.tenant.id])


@pytest.mark.committed
def test_an_address_given_up_is_not_the_old_workspace_again():
    """The same slug made anew has another schema, other people, and no session of before."""
    try:
        first = services.tenant_create(**NEW, password=PASSWORD)
        client = Client(headers={"host": first.tenant.domain})
        client.post("/accounts/login/", {"login": "n@n.test", "password": PASSWORD})
        assert client.get("/").status_code == 200
        remove("neuve")
        assert client.get("/").status_code == 404
        second = services.tenant_create(**NEW, password=PASSWORD)
        assert second.tenant.schema_name != first.tenant.schema_name and second.tenant.id != first.tenant.id
        assert client.get("/").status_code == 302
    finally:
        remove("neuve")


def test_a_slug_typed_wrong_deletes_nothing(people):
    before = left()
    for typed in ("", "Atelier", "voisine", " atelier"):
        with pytest.raises(services.WorkspaceNameMismatch):
            services.tenant_delete_now(tenant_id=people.home.id, typed_slug=typed, reason="test", actor="test")
    assert left() == before


def test_two_workspaces_never_name_one_schema(people):
    from django.db import transaction

    with public_context(), pytest.raises(IntegrityError), transaction.atomic():
        Tenant.objects.filter(pk=people.away.id).update(schema_name=people.home.schema_name)


@pytest.mark.parametrize("host", ["a b", "atelier.localhost:abc", "évil.localhost", "x@atelier.localhost", ""])
def test_a_host_that_is_none_is_a_bad_request(host):
    assert Client(headers={"host": host}).get("/").status_code == 400


def test_an_unknown_host_tells_nothing(people):
    pages = [
        Client(headers={"host": host}).get(path) for host in ("x.localhost", "y.test") for path in ("/", "/admin/")
    ]
    assert {page.status_code for page in pages} == {404} and len({page.content for page in pages}) == 1
    told = pages[0].content.decode()
    assert "Atelier" not in told and not pages[0].cookies
