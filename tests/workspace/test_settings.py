"""Settings of a workspace (name, language, colour, logo): access and refusals."""

import io
import re

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.models import AuditEntry
from tenants.context import public_context
from tenants.models import Tenant
from tenants.services import change_identity, tenant_suspend
from ui.colour import hex_of, hue_of
from workspace import services


def png(*colours: str, size: tuple[int, int] = (300, 200)) -> bytes:
    """A picture in vertical stripes."""
    image = Image.new("RGB", size, "white")
    width = size[0] // len(colours)
    for at, colour in enumerate(colours):
        image.paste(colour, (at * width, 0, (at + 1) * width, size[1]))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


PNG = png("#0055aa")


def row(people) -> Tenant:
    return Tenant.objects.get(pk=people.home.id)


def identity(**changes):
    return {"name": "Atelier du Nord", "language": "en"} | changes


def brand(**changes):
    return {"brand_color": "#0055AA"} | changes


IDENTITY, BRAND = "/settings/identity/", "/settings/brand/"


def test_owner_changes_identity_and_brand(people, client_for):
    client = client_for(people.owner)
    assert client.post(IDENTITY, identity()).status_code == 302
    assert client.post(BRAND, brand()).status_code == 302
    changed = row(people)
    assert (changed.name, changed.language, changed.brand_hue) == ("Atelier du Nord", "en", 255)
    for action in ("workspace.identity", "workspace.brand"):
        assert AuditEntry.objects.filter(action=action, actor=people.owner.email).count() == 1
    # Seen by the next request, on every page and by whoever is not signed in.
    page = client_for(None).get("/accounts/login/").content.decode()
    assert "Atelier du Nord" in page and 'href="/brand/255.css"' in page
    sheet = client_for(None).get("/brand/255.css")
    assert sheet.content == b":root{--brand-hue:255}"
    assert "immutable" in sheet["Cache-Control"], "its address says its content: it is never asked for twice"
    assert client_for(None).get("/brand/360.css").status_code == 404


def test_the_index_leads_each_role_to_its_settings(people, client_for, django_assert_max_num_queries):
    for role, expected in {
        "owner": {
            "/profile/",
            IDENTITY,
            BRAND,
            "/settings/members/",
            "/settings/usage/",
            "/settings/plan/",
            "/settings/data/",
        },
        "admin": {"/profile/", IDENTITY, BRAND, "/settings/usage/", "/settings/data/"},
        "member": {"/profile/", "/notifications/preferences/", "/settings/data/"},
        "learner": {"/profile/", "/notifications/preferences/"},
    }.items():
        client = client_for(getattr(people, role))
        client.get("/settings/")
        with django_assert_max_num_queries(4):
            page = client.get("/settings/")
        main = page.content.decode().partition("<main")[2].partition("</main>")[0]
        urls = set(re.findall(r'<a[^>]+href="(/[^"]*)"', main))
        assert expected <= urls and page.status_code == 200
        assert all(client.get(url).status_code == 200 for url in urls), role
        if role not in ("owner", "admin"):
            assert urls == expected


@pytest.mark.parametrize(
    ("typed", "hue"), [("#0055AA", 255), ("#05a", 255), ("e4572e", 36), ("#F00", 29), ("#1F8A70", 172), ("", None)]
)
def test_typed_colour_becomes_a_hue(people, client_for, typed, hue):
    client = client_for(people.owner)
    assert client.post(BRAND, brand(brand_color=typed)).status_code == 302
    assert row(people).brand_hue == hue
    # What the page then shows is sent again with another field: the hue stays to the degree.
    shown = client.get(BRAND).context["form"].initial["brand_color"]
    client.post(BRAND, brand(brand_color=shown))
    assert row(people).brand_hue == hue


def test_every_hue_survives_the_round_trip_through_a_colour():
    for hue in range(360):
        apart = abs(hue_of(hex_of(hue)) - hue)
        assert min(apart, 360 - apart) <= 1


def test_logo_is_stored_and_served_to_anyone(people, client_for, on_commit):
    client = client_for(people.admin)
    sent = brand(logo=SimpleUploadedFile("logo.html", png("#0055aa", size=(900, 600)), content_type="text/html"))
    assert client.post(BRAND, sent).status_code == 302
    page = client_for(None).get("/accounts/login/").content.decode()
    address = re.search(r'src="(/brand/logo/[^"]+)"', page)[1]
    icon = re.search(r'<link rel="icon" href="(/brand/logo/[^"]+)"', page)[1]
    tile = re.search(r'<link rel="apple-touch-icon" href="(/brand/logo/[^"]+)"', page)[1]
    for url, size in ((address, (512, 341)), (icon, (192, 192)), (tile, (512, 512))):
        shown = client_for(None).get(url)
        assert (shown.status_code, shown["Content-Type"]) == (200, "image/png")
        assert shown["X-Content-Type-Options"] == "nosniff"
        assert Image.open(io.BytesIO(shown.content)).size == size
    icons = client_for(None).get("/manifest.webmanifest").json()["icons"]
    assert [one["src"] for one in icons] == [icon, tile, tile]
    assert row(people).logo.startswith(f"tenants/{people.home.id}/brand/mark_")
    with on_commit(execute=True):
        client.post(BRAND, brand(remove_logo="on"))
    assert [client_for(None).get(url).status_code for url in (address, icon, tile)] == [404, 404, 404]


def test_a_workspace_without_a_logo_has_its_initials_as_icon(people, client_for):
    client_for(people.owner).post(IDENTITY, identity(name="<b> Nord"))
    page = client_for(None).get("/accounts/login/").content.decode()
    shown = client_for(None).get(re.search(r'<link rel="icon" href="(/brand/icon.svg[^"]+)"', page)[1])
    assert shown["Content-Type"] == "image/svg+xml" and b"&lt;N</text>" in shown.content
    assert client_for(None).get("/manifest.webmanifest").json()["icons"][0]["type"] == "image/svg+xml"
    assert 'href="/favicon.ico"' in client_for(None, host="localhost").get("/").content.decode()


def test_colours_are_proposed_from_the_logo_and_one_is_chosen(people, client_for):
    client = client_for(people.owner)
    stripes = png("#ffffff", "#0055aa", "#e4572e", "#e4582f", "#777777")
    client.post(BRAND, {"brand_color": "", "logo": SimpleUploadedFile("l.png", stripes)})
    proposals = client.get(BRAND).context["proposals"]
    hues = sorted(proposal["hue"] for proposal in proposals)
    assert len(hues) == 2 and abs(hues[0] - 36) <= 2 and abs(hues[1] - 255) <= 2, "no grey, no near repetition"
    assert client.post(BRAND, {"proposal": str(hues[0])}).status_code == 302
    assert row(people).brand_hue == hues[0] and row(people).logo
    for wrong in ("360", "-1", "", "١", "9" * 30):
        assert client.post(BRAND, {"proposal": wrong}).status_code == 422
    # The cache may forget: they are read from the logo again.
    cache.clear()
    assert sorted(proposal["hue"] for proposal in client.get(BRAND).context["proposals"]) == hues


def test_process_with_an_outdated_cache_serves_the_new_logo_under_its_own_url(people, client_for):
    client = client_for(people.admin)
    client.post(BRAND, brand(logo=SimpleUploadedFile("l.png", PNG)))
    before, name = people.home, row(people).logo.rsplit("/", 1)[-1]
    # The reference that such a process still has names no logo.
    assert before.logo == "" and services.read_picture(before, name)[1] == "image/png"
    for name in ("../brand/x.png", "x.svg", "", "a" * 60 + ".png"):
        assert services.read_picture(before, name) is None


def test_a_logo_stored_before_icons_is_still_served(people, client_for):
    path = storages["default"].save(f"tenants/{people.home.id}/brand/0123abcd.webp", ContentFile(b"old"))
    change_identity(tenant_id=people.home.id, logo=path)
    page = client_for(None).get("/accounts/login/").content.decode()
    assert client_for(None).get(re.search(r'src="(/brand/logo/[^"]+)"', page)[1]).content == b"old"
    assert "/brand/icon.svg" in page
    assert client_for(people.owner).get(BRAND).context["proposals"] == [], "it is no picture"
    storages["default"].delete(path)


def test_other_workspace_keeps_its_own_brand(people, client_for):
    client_for(people.owner).post(BRAND, brand(logo=SimpleUploadedFile("l.png", PNG)))
    name = row(people).logo.rsplit("/", 1)[-1]
    assert client_for(None).get(f"/brand/logo/{name}").status_code == 200
    assert client_for(None, host=people.away.domain).get(f"/brand/logo/{name}").status_code == 404
    assert "/brand/logo/" not in client_for(None, host=people.away.domain).get("/accounts/login/").content.decode()


def test_invalid_logo_changes_nothing(people, client_for):
    before = row(people)
    for content in (b"<svg onload=alert(1)>", b"", b"GIF89a", PNG[:60], PNG + b"\x00" * 2_000_000):
        answer = client_for(people.owner).post(BRAND, brand(logo=SimpleUploadedFile("l.png", content)))
        assert answer.status_code == 422 and answer.context["form"].errors["logo"]
    for wrong in ("#12345", "red}", "#777", "#GGGGGG"):
        assert client_for(people.owner).post(BRAND, brand(brand_color=wrong)).status_code == 422
    for wrong in ({"name": ""}, {"language": "xx"}):
        assert client_for(people.owner).post(IDENTITY, identity(**wrong)).status_code == 422
    after = row(people)
    assert (after.name, after.version, after.logo) == (before.name, before.version, before.logo)


def test_other_roles_and_suspended_workspaces_change_nothing(people, client_for):
    for url, sent in ((IDENTITY, identity()), (BRAND, brand())):
        for person in (people.member, people.instructor, people.learner, people.promoter):
            assert client_for(person).post(url, sent).status_code == 403
    with public_context():
        tenant_suspend(tenant_id=people.home.id, reason="test", actor="test")
    assert client_for(people.owner).post(IDENTITY, identity()).status_code == 403
    assert client_for(people.owner).post(BRAND, brand()).status_code == 403
    assert row(people).name == people.home.name and row(people).brand_hue is None


def test_pages_after_sign_in_are_not_cached(people, client_for):
    assert client_for(people.member).get("/conversations/")["Cache-Control"] == "private, no-store"
    assert "Cache-Control" not in client_for(None, host="localhost").get("/tarifs/")


def test_read_only_refusal_for_htmx_has_a_notice(people, client_for):
    with public_context():
        tenant_suspend(tenant_id=people.home.id, reason="test", actor="test")
    answer = client_for(people.member).post("/conversations/new/", {"text": "x"}, headers={"HX-Request": "true"})
    assert answer.status_code == 403 and b"data-refusal" in answer.content
    assert "lecture seule" in answer.content.decode()


def test_mails_of_a_workspace_have_its_colour(people):
    from mailing.models import OutboxMessage
    from mailing.services import send_to_owners

    change_identity(tenant_id=people.home.id, brand_hue=255)
    for tenant, colour in (
        (Tenant.objects.get(pk=people.home.id).ref(people.home.domain), hex_of(255)),
        (people.away, "#835500"),
    ):
        send_to_owners(tenant, "trial_ended")
        with public_context():
            assert f"background: {colour}" in OutboxMessage.objects.order_by("-created_at")[0].html


def test_white_text_on_the_colour_of_mails_and_icons_has_aa_contrast():
    for hue in range(360):
        channels = [int(hex_of(hue)[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        luminance = sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
        assert 1.05 / (luminance + 0.05) >= 4.5, hue
