"""A workspace is made whole or not at all; its states; its end."""

import json
import threading
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import Client

from accounts.models import AuditEntry, User
from mailing.models import OutboxMessage
from tenants import services, slugs
from tenants.context import no_context, public_context, tenant_context
from tenants.models import DeletionCertificate, Domain, ReadySchema, Tenant


def left() -> tuple[int, ...]:
    with public_context():
        claimed = ReadySchema.objects.exclude(tenant=None).count()
        return Tenant.objects.count(), Domain.objects.count(), OutboxMessage.objects.count(), claimed


def command(*arguments: str, **options) -> str:
    out = StringIO()
    with no_context():
        call_command(*arguments, stdout=out, **options)
    return out.getvalue()


@pytest.mark.parametrize("slug", ["abc", "la-boulangerie", "a1b2", "x" * 40])
def test_good_slugs(slug):
    slugs.validate_slug(slug)


@pytest.mark.parametrize(
    ("slug", "code"),
    [
        ("ab", "slug_length"),
        ("x" * 41, "slug_length"),
        ("Abc", "slug_shape"),
        ("1abc", "slug_shape"),
        ("a--b", "slug_shape"),
        ("-abc", "slug_shape"),
        ("abc-", "slug_shape"),
        ("a.b", "slug_shape"),
        ("café", "slug_shape"),
        ("a b", "slug_shape"),
        ("abc\n", "slug_shape"),
        ("admin", "slug_reserved"),
        ("www", "slug_reserved"),
        ("api", "slug_reserved"),
    ],
)
def test_bad_slugs_are_refused_with_the_reason(slug, code):
    with pytest.raises(ValidationError) as refused:
        slugs.validate_slug(slug)
    assert refused.value.code == code


def test_made_whole(people):
    made = services.tenant_create(slug="fromagerie", name="La Fromagerie", email="Lea@Fromage.test")
    assert made.tenant.domain == "fromagerie.localhost" and made.tenant.state == "trial"
    with tenant_context(made.tenant):
        owner = User.objects.get()
        assert (owner.email, owner.role, owner.must_change_password) == ("lea@fromage.test", "owner", True)
        assert owner.check_password(made.password)
        assert AuditEntry.objects.filter(action="tenant.created").exists()
    mail = OutboxMessage.objects.get(tenant_id=made.tenant.id)
    assert mail.to == ["lea@fromage.test"]
    for told in (made.url, made.password, "lea@fromage.test", "/accounts/login/"):
        assert told in mail.text, told
    page = Client(headers={"host": "fromagerie.localhost"}).get("/accounts/login/")
    assert page.status_code == 200 and "La Fromagerie" in page.content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"slug": "admin"},
        {"slug": "atelier"},
        {"slug": "no good"},
        {"email": "no-address"},
        {"name": "  "},
        {"plan": "golden"},
        {"password": "court"},
        {"password": "motdepasse1234", "email": "motdepasse1234@n.test"},
        {"password": "1234567890"},
    ],
)
def test_refused_leaves_nothing(wrong):
    before = left()
    with pytest.raises(ValidationError):
        services.tenant_create(**({"slug": "neuve", "name": "Neuve", "email": "n@n.test"} | wrong))
    assert left() == before


@pytest.mark.parametrize("step", range(3))
def test_a_failing_step_leaves_nothing(step, monkeypatch):
    """Each step of the life cycle in turn is made to fail."""
    from config import lifecycle

    steps = list(lifecycle.STEPS["made"])
    monkeypatch.setitem(lifecycle.STEPS, "made", (*steps[: step + 1], "tests.tenants.test_life.explode"))
    before = left()
    with pytest.raises(ZeroDivisionError):
        services.tenant_create(slug="neuve", name="Neuve", email="n@n.test")
    assert left() == before
    monkeypatch.undo()
    assert services.tenant_create(slug="neuve", name="Neuve", email="n@n.test").tenant.slug == "neuve"


def explode(tenant, **details):
    raise ZeroDivisionError


@pytest.mark.committed
def test_two_at_one_moment_never_share_a_schema():
    made: list[services.CreatedWorkspace] = []
    ready = threading.Barrier(4)

    def one(number: int) -> None:
        ready.wait()
        with no_context():
            made.append(
                services.tenant_create(slug=f"course-{number}", name="C", email="c@c.test", password="un-mot-de-passe")
            )
            connections.close_all()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert len({workspace.tenant.schema_name for workspace in made}) == 4
    finally:
        for workspace in made:
            services.tenant_delete_now(
                tenant_id=workspace.tenant.id, typed_slug=workspace.tenant.slug, reason="test", actor="test"
            )


def test_the_command_prints_one_json_value_and_nothing_else():
    told = json.loads(command("tenant_create", "neuve", "--name", "Neuve", "--email", "n@n.test", "--json"))
    assert told["slug"] == "neuve" and told["url"].startswith("http://neuve.localhost") and told["password"]
    listed = json.loads(command("tenant_list", "--json"))
    assert {row["slug"] for row in listed} >= {"atelier", "voisine", "neuve"}


def test_the_command_refuses_with_the_reason():
    before, out = left(), StringIO()
    with pytest.raises(SystemExit) as ended, no_context():
        call_command("tenant_create", "www", "--name", "W", "--email", "w@w.test", "--json", stdout=out)
    assert ended.value.code == 1 and json.loads(out.getvalue())["code"] == "slug_reserved"
    with pytest.raises(CommandError, match="réservé"):
        command("tenant_create", "www", "--name", "W", "--email", "w@w.test")
    assert left() == before


def test_a_weak_password_is_refused_with_the_reason(people):
    before = left()
    with pytest.raises(CommandError, match="au minimum 10 caractères"):
        command("tenant_create", "neuve", "--name", "Neuve", "--email", "n@n.test", "--password", "court")
    assert left() == before


def test_a_plan_that_does_not_exist_is_not_given(people):
    before = Tenant.objects.get(pk=people.home.id)
    with pytest.raises(ValidationError) as refused:
        services.change_plan(tenant_id=people.home.id, plan="golden", reason="essai", actor="test")
    assert refused.value.code == "plan_unknown" and "starter" in refused.value.messages[0]
    after = Tenant.objects.get(pk=people.home.id)
    assert (after.plan_code, after.version) == (before.plan_code, before.version) == ("pro", before.version)
    assert not AuditEntry.objects.filter(action="tenant.plan_changed").exists()


def test_suspended_is_read_only_and_resume_brings_back(people, client_for):
    command("tenant_suspend", "atelier", "--reason", "facture impayée")
    client = client_for(people.member)
    assert client.get("/conversations/").status_code == 200
    refused = client.post("/conversations/new/", {"text": "Bonjour", "assistant": "general"})
    assert refused.status_code == 403 and "lecture" in refused.content.decode()
    from conversations.models import Conversation

    assert not Conversation.objects.exists()
    assert AuditEntry.objects.filter(action="tenant.state_changed", details__reason="facture impayée").exists()
    # Signing in and out still work.
    signed = Client(headers={"host": people.home.domain})
    assert signed.post("/accounts/login/", {"login": "x@x.test", "password": "y"}).status_code == 200
    command("tenant_resume", "atelier")
    assert Tenant.objects.get(slug="atelier").state == "trial"


def test_closed_is_for_owners_only(people, client_for):
    command("tenant_delete", "atelier")
    assert Tenant.objects.get(slug="atelier").state == "closed"
    assert client_for(people.member).get("/").status_code == 403
    assert client_for(people.owner).get("/settings/data/").status_code == 200


def test_deleting_now_wants_the_slug(people):
    before = left()
    with pytest.raises(CommandError, match="rien n’est supprimé"):
        command("tenant_delete", "atelier", "--now", "--confirm", "voisine")
    assert left() == before


@pytest.mark.committed
def test_deleted_for_good_leaves_a_certificate():
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    made = services.tenant_create(slug="adieu", name="Adieu", email="a@a.test", password="un-mot-de-passe")
    path = default_storage.save(f"{made.tenant.file_prefix}/library/x.txt", ContentFile(b"x"))
    command("tenant_delete", "adieu", "--now", "--confirm", "adieu")
    with public_context(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [made.tenant.schema_name])
        assert cursor.fetchone() == (0,)
        assert DeletionCertificate.objects.filter(tenant_id=made.tenant.id, slug="adieu").exists()
        assert not Domain.objects.filter(domain="adieu.localhost").exists()
    assert not default_storage.exists(path)
    assert Client(headers={"host": "adieu.localhost"}).get("/").status_code == 404


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("atelier.localhost", 302),
        ("ATELIER.localhost:8000", 302),
        ("atelier.localhost.", 302),
        ("unknown.localhost", 404),
        ("atelier.example.com", 404),
        ("x.atelier.localhost", 404),
    ],
)
def test_hosts(host, status):
    assert Client(headers={"host": host}).get("/").status_code == status


def test_a_forwarded_host_is_not_believed():
    client = Client(headers={"host": "unknown.localhost", "x-forwarded-host": "atelier.localhost"})
    assert client.get("/").status_code == 404


def test_probes(settings):
    client = Client(headers={"host": "anything.example"})
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz").json()
    assert (ready["status"], ready["missing"], set(ready["warnings"]) <= {"redis"}) == ("ready", {}, True)


def test_readyz_names_what_is_missing(monkeypatch):
    from django.db import models

    from website import probes

    class Ghost:
        class _meta:
            db_table = "ghost_table"

    monkeypatch.setattr(probes, "models_of", lambda schema: [Ghost])
    answer = Client(headers={"host": "localhost"}).get("/readyz")
    assert answer.status_code == 503 and answer.json()["missing"] == {"schema": ["ghost_table"]}
    assert models


def test_system_checks_fire(monkeypatch):
    from conversations.models import Message
    from tenants import checks

    monkeypatch.setattr(checks.settings, "TABLES_IN_BOTH", frozenset())
    assert {error.id for error in checks.check_schemas(None)} == {"ruche.E001"}
    monkeypatch.undo()
    monkeypatch.setattr(checks, "models_of", lambda schema: [Message] if schema == "tenant" else [])
    assert "ruche.E003" in {error.id for error in checks.check_schemas(None)}
    monkeypatch.setattr(checks, "models_of", lambda schema: [] if schema == "tenant" else [Message])
    assert "ruche.E002" in {error.id for error in checks.check_schemas(None)}
