"""The logo at the head of a mail leaves with it, and what cannot be read is left out."""

import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from PIL import Image

from mailing import services
from mailing.console.frames import with_picture
from mailing.models import OutboxMessage
from mailing.outgoing import message_of
from tenants.context import public_context
from tenants.models import Platform
from tenants.platform import platform_change
from tenants.services import change_identity


def picture(format_name: str) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (8, 8), "#336699").save(target, format_name)
    return target.getvalue()


@pytest.fixture
def branded(people):
    """The workspace `home` with a logo; its path."""
    path = f"{people.home.file_prefix}/brand/mark_{people.home.id.hex[:24]}.png"
    storages["default"].save(path.replace(".png", "_tile.png"), ContentFile(picture("PNG")))
    yield change_identity(tenant_id=people.home.id, logo=path)
    storages["default"].delete(path.replace(".png", "_tile.png"))


def sent_to(tenant):
    services.send_to_owners(tenant, "trial_ended")
    with public_context():
        return OutboxMessage.objects.latest("pk")


def test_a_logo_is_attached_and_named_by_its_id(branded):
    row = sent_to(branded)
    with public_context():
        letter = message_of(row).message()
    (image,) = (part for part in letter.walk() if part.get_content_type() == "image/png")
    assert 'src="cid:mark"' in row.html and image["Content-ID"] == "<mark>" and "inline" in image["Content-Disposition"]
    assert image.get_payload(decode=True) == picture("PNG")
    assert "data:image/png;base64," in with_picture(row.html, row.tenant_id)


def test_a_logo_that_is_gone_leaves_no_hole(branded, people):
    row = sent_to(branded)
    change_identity(tenant_id=people.home.id, logo="")
    with public_context():
        message = message_of(row)
        html = str(message.alternatives[0][0])
    assert "<img" not in html and "cid:" not in html and len(html) > 3_000 and message.attachments == []
    assert "<img" not in with_picture(row.html, row.tenant_id)


def test_a_workspace_without_logo_has_its_initial(people):
    row = sent_to(people.home)
    assert "<img" not in row.html and ">A</td>" in row.html


def test_mails_of_the_operator_have_the_operators_logo(people):
    with public_context():
        platform_change(Platform(name="Nid", mark=picture("WEBP"), mark_digest="0123456789abcdef"))
        services.send(template="workspaces", to="a@b.test", context={"workspaces": []})
        letter = message_of(OutboxMessage.objects.get(to=["a@b.test"])).message()
    assert [part.get_content_type() for part in letter.walk()].count("image/png") == 1
