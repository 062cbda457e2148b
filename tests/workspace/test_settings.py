"""Name, language, colour and logo: whoever may change them, and what is refused."""

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import AuditEntry
from tenants.context import public_context
from tenants.models import Tenant
from tenants.services import tenant_suspend

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


def row(cast) -> Tenant:
    return Tenant.objects.get(pk=cast.home.id)


def form(**changes):
    return {"name": "Atelier du Nord", "language": "en", "brand_hue": "215"} | changes


def test_an_owner_changes_the_identity(cast, client_for):
    client = client_for(cast.owner)
    assert client.post("/settings/", form()).status_code == 302
    changed = row(cast)
    assert (changed.name, changed.language, changed.brand_hue) == ("Atelier du Nord", "en", 215)
    assert AuditEntry.objects.filter(action="workspace.identity", actor=cast.owner.email).count() == 1
    # Seen by the next request, on every page and by whoever is not signed in.
    assert client_for(None).get("/brand.css").content == b":root{--brand-hue:215}"
    assert "Atelier du Nord" in client_for(None).get("/accounts/login/").content.decode()


def test_a_logo_is_kept_and_shown_to_all(cast, client_for):
    client = client_for(cast.admin)
    sent = form(logo=SimpleUploadedFile("logo.html", PNG, content_type="text/html"))
    assert client.post("/settings/", sent).status_code == 302
    shown = client_for(None).get("/brand/logo/")
    assert (shown.status_code, shown.content, shown["Content-Type"]) == (200, PNG, "image/png")
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert row(cast).logo.startswith(f"tenants/{cast.home.id}/brand/")
    client.post("/settings/", form(remove_logo="on"))
    assert client_for(None).get("/brand/logo/").status_code == 404


def test_the_neighbour_has_its_own_brand(cast, client_for):
    client_for(cast.owner).post("/settings/", form(logo=SimpleUploadedFile("l.png", PNG)))
    assert client_for(None, host=cast.away.domain).get("/brand/logo/").status_code == 404
    assert client_for(None, host=cast.away.domain).get("/brand.css").content == b""


def test_what_is_no_logo_changes_nothing(cast, client_for):
    before = row(cast)
    for content in (b"<svg onload=alert(1)>", b"", b"GIF89a", PNG + b"\x00" * 500_000):
        answer = client_for(cast.owner).post("/settings/", form(logo=SimpleUploadedFile("l.png", content)))
        assert answer.status_code == 422
    for wrong in ({"brand_hue": "360"}, {"brand_hue": "red}"}, {"name": ""}, {"language": "xx"}):
        assert client_for(cast.owner).post("/settings/", form(**wrong)).status_code == 422
    after = row(cast)
    assert (after.name, after.version, after.logo) == (before.name, before.version, before.logo)


def test_others_and_suspended_workspaces_change_nothing(cast, client_for):
    for person in (cast.member, cast.instructor, cast.learner, cast.promoter):
        assert client_for(person).post("/settings/", form()).status_code == 403
    with public_context():
        tenant_suspend(tenant_id=cast.home.id, reason="test", actor="test")
    assert client_for(cast.owner).post("/settings/", form()).status_code == 403
    assert row(cast).name == cast.home.name


def test_pages_of_somebody_signed_in_are_kept_nowhere(cast, client_for):
    assert client_for(cast.member).get("/conversations/")["Cache-Control"] == "private, no-store"
    assert "Cache-Control" not in client_for(None, host="localhost").get("/tarifs/")


def test_a_read_only_workspace_tells_htmx_why(cast, client_for):
    with public_context():
        tenant_suspend(tenant_id=cast.home.id, reason="test", actor="test")
    answer = client_for(cast.member).post("/conversations/new/", {"text": "x"}, headers={"HX-Request": "true"})
    assert answer.status_code == 403 and b"data-refusal" in answer.content
    assert "lecture seule" in answer.content.decode()
