"""Addresses without an account get no text of a workspace; line breaks in names do not break mails."""

import pytest
from django.core import mail
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.services import user_create
from mailing import services as mailing
from mailing.models import OutboxMessage
from tenants.context import public_context
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.services import change_identity, tenant_create
from tests.people import PASSWORD

BAIT = "URGENT : vos gains vous attendent"


@pytest.fixture
def named(people):
    """Somebody names the workspace as they would write to strangers."""
    with public_context():
        return change_identity(tenant_id=people.home.id, name=BAIT, language="fr", brand_hue=None)


def sent(begun):
    with public_context():
        return list(OutboxMessage.objects.filter(pk__gt=begun).order_by("pk"))


@pytest.mark.parametrize("path", ["/accounts/password/reset/", "/accounts/login/code/"])
def test_address_without_account_gets_no_mail(people, named, client_for, path):
    begun = new_id()
    for address in ("victim@elsewhere.test", people.stranger.email, people.operator.email):
        assert client_for(None).post(path, {"email": address}).status_code == 302
    assert sent(begun) == []
    client_for(None).post(path, {"email": people.member.email})
    (message,) = sent(begun)
    assert message.to == [people.member.email] and message.subject.startswith(f"[{BAIT}] ")


def test_unconfirmed_address_gets_a_mail_with_the_platform_name(people, named, client_for):
    client = client_for(people.member)
    begun = new_id()
    response = client.post("/accounts/email/", {"action_add": "", "email": "victim@elsewhere.test"})
    client.post(response["Location"], {"password": PASSWORD, "next": "/accounts/email/"})
    (message,) = sent(begun)
    assert message.to == ["victim@elsewhere.test"]
    assert BAIT not in message.subject + message.text + message.html
    assert message.subject.startswith("[Ruche] ") and people.home.domain in message.text


@pytest.mark.parametrize("name", ["Atelier\r\nBcc: x@y.test", "Ate\nlier", "Ate\x1blier", "Ate\u2028lier", "A\x85b"])
class TestOneLine:
    def test_form_refuses_a_line_break(self, people, client_for, name):
        answer = client_for(people.owner).post("/settings/identity/", {"name": name, "language": "fr"})
        assert "une ligne" in answer.content.decode()
        with public_context():
            assert Tenant.objects.get(pk=people.home.id).name == "Atelier"

    def test_services_refuse_a_line_break(self, people, name):
        with public_context():
            before = Tenant.objects.count()
            with pytest.raises(ValidationError) as refused:
                tenant_create(slug="intrus", name=name, email="a@b.test")
            assert refused.value.error_list[0].code == "control_characters"
            assert Tenant.objects.count() == before
            with pytest.raises(ValidationError):
                change_identity(tenant_id=people.home.id, name=name, language="fr", brand_hue=None)
        with pytest.raises(ValidationError):
            user_create(email="neuf@atelier.test", password=PASSWORD, role="member", name=name)
        assert not User.objects.filter(email="neuf@atelier.test").exists()

    def test_columns_refuse_a_line_break(self, people, name):
        tidy = " ".join(name.replace("\x1b", " ").split())
        person = User(email="neuf@atelier.test", name=name)
        person.save()
        person.refresh_from_db()
        assert person.name == tidy
        User.objects.filter(pk=person.pk).update(name=name)
        person.refresh_from_db()
        assert person.name == tidy

    def test_mail_is_sent_despite_a_line_break_in_the_name(self, people, name, settings):
        """Also of a workspace that has had such a name since before it was refused."""
        settings.MAIL_TRANSPORT = "django.core.mail.backends.locmem.EmailBackend"
        begun = new_id()
        mail.EmailMessage(f"[{name}] Bonjour", "Texte", to=["x@y.test"]).send()
        (message,) = sent(begun)
        with public_context():
            OutboxMessage.objects.filter(pk=message.pk)
            mailing.deliver(str(message.pk))
        (row,) = sent(begun)
        assert row.status == "sent" and row.error == ""
        message = mail.outbox[-1]
        assert "\n" not in message.subject and not message.message()["Bcc"]


def test_name_keeps_its_special_characters(people):
    from ui.lines import one_line, refuse_control_characters

    for name in ("Ferme d’été\u00a0: «\u00a0L’œuf\u00a0»", "👩\u200d🌾 Marie", "می\u200cخواهم", "Zoë\u0301 \u200f"):
        refuse_control_characters(name)
        assert one_line(name) == name
