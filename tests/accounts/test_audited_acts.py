"""Services write the audit entries of console pages, commands and scheduled jobs; a refused action leaves none."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.utils import timezone

from accounts.models import AuditEntry, User
from assistants import services as assistants
from assistants.models import Assistant, Model
from tenants import services
from tenants.context import public_context, tenant_context
from tenants.models import Tenant


def entries(action, **filters):
    with public_context():
        return list(AuditEntry.objects.filter(action=action, **filters))


@pytest.fixture
def no_ddl(monkeypatch):
    """The schema's end needs the owner and a commit: not what is tried here."""
    from contextlib import contextmanager

    class Nothing:
        def execute(self, *_args): ...

    @contextmanager
    def nobody():
        yield Nothing()

    monkeypatch.setattr(services, "owner_transaction", nobody)


def create_workspace(slug="cabinet"):
    return services.tenant_create(slug=slug, name="Cabinet", email="a@cabinet.test", actor="operator@platform.test")


def test_commands_are_audited(people, no_ddl, capsys):
    call_command("tenant_create", "cabinet", "--name", "Cabinet", "--email", "a@cabinet.test")
    (entry,) = entries("tenant.created", target="cabinet")
    assert (entry.actor, entry.actor_id) == ("ligne de commande", None)
    call_command("tenant_suspend", "cabinet")
    (entry,) = entries("tenant.state_changed", target="cabinet")
    assert entry.actor == "ligne de commande"
    call_command("tenant_delete", "cabinet", "--now", "--confirm", "cabinet", "--reason", "essai fini")
    (entry,) = entries("tenant.deleted", target="cabinet")
    assert (entry.actor, entry.details["reason"]) == ("ligne de commande", "essai fini")


def test_nightly_deletion_is_audited(people, no_ddl):
    tenant = create_workspace().tenant
    with public_context():
        long_ago = timezone.now() - timedelta(days=31)
        Tenant.objects.filter(pk=tenant.id).update(state="closed", state_since=long_ago)
        assert services.delete_closed_workspaces() == 1
    (entry,) = entries("tenant.deleted", target="cabinet")
    assert entry.actor == "système"
    assert not entries("tenant.deleted", target="atelier") and not entries("tenant.deleted", target="voisine")


def test_operator_action_on_a_workspace_is_in_both_logs_with_the_operator_id(people):
    tenant = create_workspace().tenant
    (entry,) = entries("tenant.created", target="cabinet")
    assert (entry.actor, entry.actor_id) == (people.operator.email, people.operator.pk)
    with tenant_context(tenant):
        assert AuditEntry.objects.get(action="tenant.created").actor == people.operator.email


def test_refused_actions_leave_no_entry(people):
    with public_context():
        before = AuditEntry.objects.count()
        with pytest.raises(services.WorkspaceNameMismatch):
            services.tenant_delete_now(tenant_id=people.home.id, typed_slug="faux", reason="non", actor="système")
        with pytest.raises(Exception, match="déjà prise"):
            create_workspace("atelier")
        assert AuditEntry.objects.count() == before


def test_catalogue_changes_are_audited(people):
    with public_context():
        model = Model.objects.earliest("pk")
        assistants.price_create(model=model, actor=people.operator)
        assistant = Assistant.objects.earliest("pk")
        first = assistant.current_version_id
        assistants.prompt_version_create(assistant_id=assistant.pk, text="Autre", actor=people.operator)
        assistants.prompt_version_put_in_service(assistant_id=assistant.pk, version_id=first, actor=people.operator)
    for action in ("price.created", "prompt.created", "prompt.put_in_service"):
        assert entries(action, actor_id=people.operator.pk), action


class TestConsole:
    def test_console_cannot_add_an_email_address_to_an_account(self, people, client_for):
        """An operator would have a verified address of their own at a colleague's account, and reset its password."""
        client = client_for(people.operator)
        with public_context():
            victim = User.objects.create_superuser("victim@platform.test", "x" * 12)
            row = EmailAddress.objects.create(user=victim, email=victim.email, verified=True, primary=True)
        sent = {"user": str(victim.pk), "email": "thief@platform.test", "verified": "on", "primary": "on"}
        assert client.get("/admin/account/emailaddress/").status_code == 200
        assert client.post("/admin/account/emailaddress/add/", sent).status_code == 403
        assert client.post(f"/admin/account/emailaddress/{row.pk}/change/", sent).status_code == 403
        assert client.post(f"/admin/account/emailaddress/{row.pk}/delete/", {"post": "yes"}).status_code == 403
        chosen = {"action": "make_verified", "_selected_action": [str(row.pk)]}
        client.post("/admin/account/emailaddress/", chosen)
        with public_context():
            assert list(EmailAddress.objects.filter(user=victim).values_list("email", flat=True)) == [victim.email]
            assert not EmailAddress.objects.filter(email="thief@platform.test").exists()

    def test_only_our_own_admin_classes_can_write(self, people, client_for):
        """What libraries register is read: an act of the console is a service of ours, with its entry."""
        from django.contrib import admin
        from django.test import RequestFactory

        from tenants.models import Platform

        request = RequestFactory().get("/admin/")
        request.user, request.tenant = people.operator, None
        ours = {"accounts", "assistants", "billing", "plans", "usage", "website"}
        for model, page in admin.site._registry.items():
            if model is Platform:  # its page is the console's own: tests/console/test_platform.py
                continue
            writes = page.has_change_permission(request) or page.has_add_permission(request)
            assert not writes or model._meta.app_label in ours, model
            if writes:
                assert type(page).__module__.split(".")[0] in ours, type(page)
            if model._meta.app_label not in ours:
                assert not page.has_delete_permission(request), model

    def test_changed_operator_name_is_audited(self, people, client_for):
        client = client_for(people.operator)
        client.post(f"/admin/accounts/user/{people.operator.pk}/change/", {"name": "Léa", "language": "en"})
        (entry,) = entries("operator.changed")
        assert (entry.actor_id, entry.details["fields"]) == (people.operator.pk, "language, name")
        client.post(f"/admin/accounts/user/{people.operator.pk}/change/", {"name": "Léa", "language": "en"})
        assert len(entries("operator.changed")) == 1

    def test_changed_catalogue_row_is_audited(self, people, client_for):
        client = client_for(people.operator)
        with public_context():
            model = Model.objects.earliest("pk")
        page = client.get(f"/admin/assistants/model/{model.pk}/change/")
        form = page.context["adminform"].form
        sent = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
        sent["label"] = "Un autre nom"
        assert client.post(f"/admin/assistants/model/{model.pk}/change/", sent).status_code == 302
        (entry,) = entries("row.changed")
        assert entry.actor_id == people.operator.pk and entry.details["fields"]
        sent["label"] = ""
        assert client.post(f"/admin/assistants/model/{model.pk}/change/", sent).status_code == 200
        assert len(entries("row.changed")) == 1
