"""A person's own profile: name, language, time zone, picture."""

import datetime as dt
import io
import re

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.utils import timezone
from PIL import Image

from accounts.models import AuditEntry, User
from tenants.services import tenant_suspend
from ui.days import platform_time


def picture(form="JPEG", size=(640, 300), **options) -> bytes:
    image = Image.new("RGB", size, "red")
    image.paste("blue", (0, 0, 150, size[1]))
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def uploaded(content: bytes, name: str = "me.jpg") -> dict:
    return {"avatar": SimpleUploadedFile(name, content)}


def test_profile_is_saved_and_audited(people, client_for):
    client = client_for(people.member)
    sent = {"name": " Camille Durand ", "language": "en", "time_zone": "America/Argentina/Buenos_Aires"}
    answer = client.post("/profile/", sent)
    assert (answer.status_code, answer.cookies[settings.LANGUAGE_COOKIE_NAME].value) == (302, "en")
    row = User.objects.get(pk=people.member.pk)
    assert (row.name, row.language, row.time_zone) == ("Camille Durand", "en", sent["time_zone"])
    entry = AuditEntry.objects.get(action="user.profile_changed")
    assert (entry.actor_id, entry.details["fields"]) == (row.pk, "language, name, time_zone")
    page = client.get("/profile/")
    assert page["Content-Language"] == "en" and "Camille Durand" in page.content.decode()
    client.post("/profile/", sent)
    assert AuditEntry.objects.filter(action="user.profile_changed").count() == 1, "nothing changed: nothing audited"


@pytest.mark.parametrize(
    "wrong", [{"language": "xx"}, {"time_zone": "Europe/Nowhere"}, {"name": "a" * 121}, {"name": "a\x07b"}]
)
def test_wrong_value_changes_nothing(people, client_for, wrong):
    client = client_for(people.member)
    before = User.objects.filter(pk=people.member.pk).values().get()
    answer = client.post("/profile/", {"name": "X", "language": "", "time_zone": ""} | wrong)
    assert answer.status_code == 422
    assert User.objects.filter(pk=people.member.pk).values().get() == before


def test_dates_are_in_the_readers_time_zone_and_days_of_figures_in_the_platforms(people, client_for):
    User.objects.filter(pk=people.member.pk).update(time_zone="Pacific/Auckland")
    client_for(people.member).get("/profile/")
    moment = dt.datetime(2026, 5, 31, 20, 0, tzinfo=dt.UTC)
    assert "08:00" in render_to_string("components/date.html", {"value": moment})
    assert platform_time(moment).date() == dt.date(2026, 5, 31)
    client_for(people.owner).get("/profile/")
    assert timezone.get_current_timezone_name() == settings.TIME_ZONE, "the next reader has their own"
    User.objects.filter(pk=people.member.pk).update(time_zone="Gone/Away")
    assert client_for(people.member).get("/profile/").status_code == 200


def test_picture_is_cut_square_without_metadata_and_shown(people, client_for, on_commit):
    exif = Image.Exif()
    exif[0x010E] = "at home"
    client = client_for(people.member)
    assert client.post("/profile/avatar/", uploaded(picture(exif=exif))).status_code == 302
    address = re.search(r'src="(/people/[^"]+)"', client.get("/profile/").content.decode())[1]
    shown = client_for(people.learner).get(address)
    assert (shown.status_code, shown["Content-Type"], shown["X-Content-Type-Options"]) == (200, "image/webp", "nosniff")
    image = Image.open(io.BytesIO(shown.content))
    assert (image.size, image.format, dict(image.getexif())) == ((256, 256), "WEBP", {})
    assert b"at home" not in shown.content and image.convert("RGB").getpixel((5, 128))[0] > 200, "the centre is kept"
    # Nobody else's: signed out, next door, another person's key, another name.
    assert client_for(None).get(address).status_code == 302
    assert client_for(people.stranger).get(address).status_code == 404
    assert client.get(address.replace(str(people.member.pk), str(people.owner.pk))).status_code == 404
    with on_commit(execute=True):
        client.post("/profile/avatar/", {"remove": "on"})
    assert client.get(address).status_code == 404
    assert "/people/" not in client.get("/profile/").content.decode()
    assert AuditEntry.objects.filter(action="user.avatar", actor_id=people.member.pk).count() == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"<svg onload=alert(1)>", b"GIF89a" + b"0" * 90, picture()[:200], b"\xff\xd8" + b"0" * 8_000_000],
    ids=["empty", "svg", "gif", "cut", "large"],
)
def test_what_is_no_picture_is_refused(people, client_for, content):
    answer = client_for(people.member).post("/profile/avatar/", uploaded(content))
    assert answer.status_code == 422 and answer.context["avatar_form"].errors
    assert User.objects.get(pk=people.member.pk).avatar == ""


def test_a_picture_of_too_many_pixels_is_refused(people, client_for):
    answer = client_for(people.member).post("/profile/avatar/", uploaded(picture("PNG", (8000, 7000)), "me.png"))
    assert answer.status_code == 422 and User.objects.get(pk=people.member.pk).avatar == ""


def test_a_suspended_workspace_keeps_its_faces(people, client_for):
    tenant_suspend(tenant_id=people.home.id, reason="test", actor="test")
    client = client_for(people.member)
    assert client.post("/profile/", {"name": "X"}).status_code == 403
    assert client.post("/profile/avatar/", uploaded(picture())).status_code == 403
    assert client.get("/profile/").status_code == 200
    row = User.objects.get(pk=people.member.pk)
    assert (row.name, row.avatar) == (people.member.name, "")


def test_the_page_shows_who_asked_in_a_shared_conversation(people, client_for):
    from assistants.models import Assistant
    from conversations.models import Conversation, Message

    User.objects.filter(pk=people.member.pk).update(avatar="abc.webp", name="Camille Durand")
    assistant = Assistant.objects.get(code="general")
    shared = Conversation.objects.create(author=people.member, assistant=assistant, visibility="workspace")
    Message.objects.create(conversation=shared, role="user", text="Bonjour")
    page = client_for(people.owner).get(f"/conversations/{shared.pk}/").content.decode()
    assert f"/people/{people.member.pk}/avatar/abc.webp" in page and "Camille Durand" in page
