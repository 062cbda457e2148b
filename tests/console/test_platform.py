"""The operator's identity: stored from the console, shown on the site, in mails and where people are told to write."""

import io

import pytest
from django.test import Client
from PIL import Image

from accounts.models import AuditEntry
from console.platform import is_siren, is_vat_number
from mailing.models import OutboxMessage
from mailing.services import send
from tenants.context import public_context
from tenants.models import Platform
from tenants.platform import platform, platform_change
from tests.people import People

PAGE = "/admin/tenants/platform/1/change/"
SENT = {
    "name": "Atelier Numérique",
    "email": "bonjour@atelier.test",
    "phone": "01 23 45 67 89",
    "legal_name": "Atelier SAS",
    "legal_form": "SAS au capital de 1 000 €",
    "registry": "Lyon",
    "siren": "732 829 320",
    "vat_number": "fr 44 732829320",
    "address": "1 rue de la Paix\n69001 Lyon",
    "director": "Ada Martin",
    "host_name": "Hébergeur SA",
    "host_address": "2 rue du Port, Lille",
    "host_phone": "03 20 00 00 00",
}


def png() -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (300, 200), "#336699").save(file, "PNG")
    file.seek(0)
    file.name = "logo.png"
    return file


def test_identity_is_stored_audited_and_shown_on_the_site(console: Client, client_for) -> None:
    before = client_for(None, host="localhost").get("/mentions-legales/").content.decode()
    assert "Hébergement" not in before and "[" not in before.split("<main")[1].split("</main")[0] and "Ruche" in before
    assert "adresse de l’hébergeur" in console.get("/admin/website/legalversion/").content.decode()
    assert "data-legal-tasks" in console.get("/admin/").content.decode()
    assert "Atelier" not in console.get("/admin/tenants/platform/").content.decode()
    assert console.get(PAGE).status_code == 200
    answer = console.post(PAGE, SENT | {"new_mark": png()})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    row = Platform.objects.get()
    assert (row.siren, row.vat_number) == ("732829320", "FR44732829320")
    with public_context():
        assert AuditEntry.objects.filter(action="row.changed", target="platform").exists()
    visitor = client_for(None, host="localhost")
    after = visitor.get("/mentions-legales/").content.decode()
    for text in ("Atelier Numérique", "Atelier SAS", "732829320", "FR44732829320", "Ada Martin", "Hébergeur SA"):
        assert text in after
    assert "adresse de l’hébergeur" not in console.get("/admin/website/legalversion/").content.decode()
    mark = visitor.get(platform().mark_url)
    assert (mark.status_code, mark["Content-Type"]) == (200, "image/webp")
    assert Image.open(io.BytesIO(mark.content)).size == (192, 192)
    assert visitor.get("/marque/0123456789abcdef.webp").status_code == 404
    assert console.post(PAGE, SENT | {"remove_mark": "on"}).status_code == 302
    assert platform().mark_url == ""


@pytest.mark.parametrize(
    ("field", "value"), [("siren", "732829321"), ("vat_number", "FR45732829320"), ("name", ""), ("email", "non")]
)
def test_a_wrong_value_is_refused_and_nothing_is_stored(console: Client, field: str, value: str) -> None:
    answer = console.post(PAGE, SENT | {field: value})
    assert answer.status_code == 200 and field in answer.context["adminform"].form.errors
    assert not Platform.objects.exists()


def test_a_file_that_is_no_picture_is_refused(console: Client) -> None:
    file = io.BytesIO(b"<svg></svg>")
    file.name = "logo.png"
    answer = console.post(PAGE, SENT | {"new_mark": file})
    assert "new_mark" in answer.context["adminform"].form.errors
    assert not Platform.objects.exists()


def test_mails_and_pages_of_a_workspace_name_the_contact(people: People, client_for) -> None:
    with public_context():
        assert platform().contact == "votre opérateur"
    with public_context():
        platform_change(Platform(name="Atelier Numérique", email="bonjour@atelier.test"))
        send(template="workspaces", to="a@b.test", context={"workspaces": []})
        mail = OutboxMessage.objects.get(to=["a@b.test"])
    assert "Atelier Numérique · bonjour@atelier.test" in mail.text and "mailto:bonjour@atelier.test" in mail.html
    assert "mailto:bonjour@atelier.test" in client_for(people.owner).get("/settings/").content.decode()
    assert "mailto:bonjour@atelier.test" not in client_for(people.member).get("/").content.decode()


def test_the_identity_costs_no_query_once_read(django_assert_num_queries) -> None:
    platform()
    with django_assert_num_queries(0):
        assert platform().name == "Ruche"


def test_numbers_are_checked_by_their_digits() -> None:
    assert is_siren("732829320") and not is_siren("73282932") and not is_siren("732829321")
    assert is_vat_number("FR44732829320") and is_vat_number("BE0428759497") and not is_vat_number("44732829320")
