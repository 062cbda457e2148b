"""Settings of a workspace (name, language, colour, logo): access and refusals."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import AuditEntry
from tenants.context import public_context
from tenants.models import Tenant
from tenants.services import tenant_suspend
from workspace import services
from workspace.colour import hex_of, hue_of

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


def row(people) -> Tenant:
    return Tenant.objects.get(pk=people.home.id)


def form(**changes):
    return {"name": "Atelier du Nord", "language": "en", "brand_color": "#0055AA"} | changes


def test_owner_changes_the_identity(people, client_for):
    client = client_for(people.owner)
    assert client.post("/settings/", form()).status_code == 302
    changed = row(people)
    assert (changed.name, changed.language, changed.brand_hue) == ("Atelier du Nord", "en", 255)
    assert AuditEntry.objects.filter(action="workspace.identity", actor=people.owner.email).count() == 1
    # Seen by the next request, on every page and by whoever is not signed in.
    page = client_for(None).get("/accounts/login/").content.decode()
    assert "Atelier du Nord" in page and 'href="/brand/255.css"' in page
    sheet = client_for(None).get("/brand/255.css")
    assert sheet.content == b":root{--brand-hue:255}"
    assert "immutable" in sheet["Cache-Control"], "its address says its content: it is never asked for twice"
    assert client_for(None).get("/brand/360.css").status_code == 404


@pytest.mark.parametrize(
    ("typed", "hue"), [("#0055AA", 255), ("#05a", 255), ("e4572e", 36), ("#F00", 29), ("#1F8A70", 172), ("", None)]
)
def test_typed_colour_becomes_a_hue(people, client_for, typed, hue):
    client = client_for(people.owner)
    assert client.post("/settings/", form(brand_color=typed)).status_code == 302
    assert row(people).brand_hue == hue
    # What the page then shows is sent again with another field: the hue stays to the degree.
    shown = client.get("/settings/").context["form"].initial["brand_color"]
    client.post("/settings/", form(brand_color=shown))
    assert row(people).brand_hue == hue


def test_every_hue_survives_the_round_trip_through_a_colour():
    for hue in range(360):
        apart = abs(hue_of(hex_of(hue)) - hue)
        assert min(apart, 360 - apart) <= 1


def test_logo_is_stored_and_served_to_anyone(people, client_for, on_commit):
    client = client_for(people.admin)
    sent = form(logo=SimpleUploadedFile("logo.html", PNG, content_type="text/html"))
    assert client.post("/settings/", sent).status_code == 302
    address = re.search(r'src="(/brand/logo/[^"]+)"', client_for(None).get("/accounts/login/").content.decode())[1]
    shown = client_for(None).get(address)
    assert (shown.status_code, shown.content, shown["Content-Type"]) == (200, PNG, "image/png")
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert row(people).logo.startswith(f"tenants/{people.home.id}/brand/")
    with on_commit(execute=True):
        client.post("/settings/", form(remove_logo="on"))
    assert client_for(None).get(address).status_code == 404


def test_process_with_an_outdated_cache_serves_the_new_logo_under_its_own_url(people, client_for):
    client = client_for(people.admin)
    client.post("/settings/", form(logo=SimpleUploadedFile("l.png", PNG)))
    before, name = people.home, row(people).logo.rsplit("/", 1)[-1]
    # The reference that such a process still has names no logo.
    assert before.logo == "" and services.read_logo(before, name) == (PNG, "image/png")
    for name in ("../brand/x.png", "x.svg", "", "a" * 60 + ".png"):
        assert services.read_logo(before, name) is None


def test_other_workspace_keeps_its_own_brand(people, client_for):
    client_for(people.owner).post("/settings/", form(logo=SimpleUploadedFile("l.png", PNG)))
    name = row(people).logo.rsplit("/", 1)[-1]
    assert client_for(None).get(f"/brand/logo/{name}").status_code == 200
    assert client_for(None, host=people.away.domain).get(f"/brand/logo/{name}").status_code == 404
    assert "/brand/" not in client_for(None, host=people.away.domain).get("/accounts/login/").content.decode()


def test_invalid_logo_changes_nothing(people, client_for):
    before = row(people)
    for content in (b"<svg onload=alert(1)>", b"", b"GIF89a", PNG + b"\x00" * 500_000):
        answer = client_for(people.owner).post("/settings/", form(logo=SimpleUploadedFile("l.png", content)))
        assert answer.status_code == 422
    colours = [{"brand_color": typed} for typed in ("#12345", "red}", "#777", "#GGGGGG")]
    for wrong in (*colours, {"name": ""}, {"language": "xx"}):
        assert client_for(people.owner).post("/settings/", form(**wrong)).status_code == 422
    after = row(people)
    assert (after.name, after.version, after.logo) == (before.name, before.version, before.logo)


def test_other_roles_and_suspended_workspaces_change_nothing(people, client_for):
    for person in (people.member, people.instructor, people.learner, people.promoter):
        assert client_for(person).post("/settings/", form()).status_code == 403
    with public_context():
        tenant_suspend(tenant_id=people.home.id, reason="test", actor="test")
    assert client_for(people.owner).post("/settings/", form()).status_code == 403
    assert row(people).name == people.home.name


def test_pages_after_sign_in_are_not_cached(people, client_for):
    assert client_for(people.member).get("/conversations/")["Cache-Control"] == "private, no-store"
    assert "Cache-Control" not in client_for(None, host="localhost").get("/tarifs/")


def test_read_only_refusal_for_htmx_has_a_notice(people, client_for):
    with public_context():
        tenant_suspend(tenant_id=people.home.id, reason="test", actor="test")
    answer = client_for(people.member).post("/conversations/new/", {"text": "x"}, headers={"HX-Request": "true"})
    assert answer.status_code == 403 and b"data-refusal" in answer.content
    assert "lecture seule" in answer.content.decode()
