"""First steps of a workspace: done by what was done; the checklist; sample contents."""

import io

import pytest
from django.test import Client
from PIL import Image

from accounts.models import AuditEntry, Role, User
from accounts.services import user_create
from assistants.models import Assistant
from conversations.models import Conversation, Message
from library import services as library
from library.models import Item
from library.selectors import storage_used
from signup.services import SIGN_UP
from tenants.context import tenant_context
from tenants.services import change_identity, tenant_create, tenant_suspend
from usage.selectors import gauge
from workspace.models import Onboarding, Sample
from workspace.onboarding import samples, services

STEPS = "/onboarding/"


@pytest.fixture
def made(people):
    """A workspace made by sign-up, and a client of its owner."""
    tenant = tenant_create(
        slug="neuve", name="Neuve", email="owner@neuve.test", password="un-mot-de-passe-solide", actor=SIGN_UP
    ).tenant
    client = Client(headers={"host": tenant.domain})
    with tenant_context(tenant):
        owner = User.objects.get()
        client.force_login(owner)
        yield tenant, owner, client


def test_sign_up_leads_to_the_wizard_once(made):
    _tenant, _owner, client = made
    assert client.get("/")["Location"] == STEPS
    assert client.get(STEPS)["Location"] == "/onboarding/identity/"
    page = client.get("/")
    assert page.status_code == 200 and "Premiers pas" in page.content.decode()
    assert [step["is_done"] for step in page.context["checklist"]["steps"]] == [False] * 5


def test_a_workspace_made_by_the_operator_has_the_checklist_only(people, client_for):
    page = client_for(people.owner).get("/")
    assert page.status_code == 200 and page.context["checklist"]["done_count"] == 1, "colleagues are there"
    assert "checklist" not in client_for(people.member).get("/").context
    for role in ("instructor", "member", "learner", "promoter"):
        assert client_for(getattr(people, role)).get(STEPS).status_code == 403


def test_each_step_is_done_by_its_act_and_by_no_click_on_next(made):
    tenant, owner, client = made
    for step in services.STEPS:
        assert client.get(f"{STEPS}{step}/").status_code == 200
    assert services.progress(tenant).count == 0, "pages were only looked at"
    samples.samples_add(actor=owner, language="fr")
    assert services.progress(tenant).count == 0, "samples are nobody's act"

    picture = io.BytesIO()
    Image.new("RGB", (80, 80), "#0055aa").save(picture, "PNG")
    picture.seek(0)
    picture.name = "logo.png"
    assert client.post(f"{STEPS}identity/", {"logo": picture})["Location"] == f"{STEPS}identity/"
    page = client.get(f"{STEPS}identity/")
    assert page.context["step"]["is_done"] and page.context["proposals"]
    hue = page.context["proposals"][0]["hue"]
    assert client.post(f"{STEPS}identity/", {"proposal": hue}).status_code == 302
    assert client.get(STEPS)["Location"] == f"{STEPS}team/", "it goes on where one was"

    user_create(email="one@neuve.test", password="un-mot-de-passe-solide", role=Role.MEMBER)
    assert client.get(STEPS)["Location"] == f"{STEPS}conversation/"
    assistant = Assistant.objects.get(code="general")
    Conversation.objects.create(author=owner, assistant=assistant, title="Mienne")
    assert client.get(STEPS)["Location"] == f"{STEPS}file/"
    library.item_upload(author=owner, file=io.BytesIO(b"Bonjour"), name="a.txt", size=7)
    assert client.get(STEPS)["Location"] == f"{STEPS}quotas/"
    assert client.post(f"{STEPS}quotas/seen/", headers={"HX-Request": "true"}).status_code == 204
    assert "Tout est prêt" in client.get(STEPS).content.decode()
    assert "checklist" not in client.get("/").context


def test_the_identity_step_refuses_what_is_no_logo(made):
    tenant, _owner, client = made
    file = io.BytesIO(b"<svg onload=alert(1)>")
    file.name = "l.png"
    answer = client.post(f"{STEPS}identity/", {"logo": file})
    assert answer.status_code == 422 and answer.context["form"].errors["logo"]
    assert client.post(f"{STEPS}identity/", {"proposal": "999"}).status_code == 422
    assert not services.progress(tenant).done["identity"]


def test_an_invitation_is_a_first_step_too(made):
    tenant, owner, _client = made
    from django.utils import timezone

    from workspace.models import LIFETIME, Invitation

    Invitation.objects.create(
        email="two@neuve.test", role="member", invited_by=owner, expires_at=timezone.now() + LIFETIME
    )
    assert services.progress(tenant).done["team"]


def test_the_checklist_is_put_away_and_brought_back(people, client_for):
    client = client_for(people.admin)
    answer = client.post(f"{STEPS}put-away/", follow=True)
    assert "checklist" not in answer.context and f'action="{STEPS}bring-back/"' in answer.content.decode()
    assert "checklist" in client.post(f"{STEPS}bring-back/", follow=True).context


def test_a_workspace_from_before_has_no_first_steps(people, client_for):
    Onboarding.objects.all().delete()
    client = client_for(people.owner)
    assert "checklist" not in client.get("/").context
    assert client.get(STEPS)["Location"] == "/" and client.get(f"{STEPS}team/")["Location"] == "/"


def test_samples_are_added_once_and_removed_in_one_click_with_their_bytes(people, client_for):
    client = client_for(people.owner)
    before = storage_used()
    for _ in range(2):
        assert client.post(f"{STEPS}samples/").status_code == 302
    assert (Conversation.objects.count(), Item.objects.count(), Sample.objects.count()) == (2, 2, 4)
    assert set(Item.objects.values_list("author", "visibility")) == {(people.owner.pk, "private")}
    assert gauge(people.home, "storage").used == storage_used() > before
    page = client.get("/")
    assert page.context["has_samples"] and "Retirer les exemples" in page.content.decode()
    thread = Conversation.objects.order_by("id")[0]
    assert client.get(f"/conversations/{thread.pk}/").status_code == 200
    # Nobody else sees them.
    assert client_for(people.member).get(f"/conversations/{thread.pk}/").status_code == 404

    answer = client.post(f"{STEPS}samples/remove/", follow=True)
    assert (Conversation.objects.count(), Item.objects.count(), Sample.objects.count()) == (0, 0, 0)
    assert gauge(people.home, "storage").used == storage_used() == before
    assert f'action="{STEPS}samples/"' in answer.content.decode(), "undone by adding them again"
    actions = AuditEntry.objects.filter(action__startswith="samples.").order_by("id").values_list("action", flat=True)
    assert list(actions) == ["samples.added", "samples.removed"]


def test_samples_that_somebody_made_their_own_stay(people, client_for):
    samples.samples_add(actor=people.owner, language="en")
    continued, other = Conversation.objects.order_by("id")
    assert continued.title == "Example: prepare a meeting"
    Message.objects.create(conversation=continued, role="user", text="Et après ?")
    item = Item.objects.get(conversation=other)
    Item.objects.filter(pk=item.pk).update(visibility="workspace")
    answer = client_for(people.admin).post(f"{STEPS}samples/remove/", follow=True)
    assert (
        "sauf 2" in answer.content.decode() and "data-toast-undo" not in answer.content.decode().split("<template")[0]
    )
    assert list(Conversation.objects.all()) == [continued]
    assert Item.objects.get().pk == item.pk and not Sample.objects.exists()


def test_a_suspended_workspace_takes_no_first_step(people, client_for):
    tenant_suspend(tenant_id=people.home.id, reason="test", actor="test")
    client = client_for(people.owner)
    for path in ("samples/", "samples/remove/", "put-away/", "bring-back/", "quotas/seen/", "identity/"):
        assert client.post(STEPS + path).status_code == 403, path
    assert not Sample.objects.exists() and Onboarding.objects.get().put_away_at is None
    assert client.get("/").status_code == 200


def test_the_brand_alone_is_an_identity(people):
    assert not services.progress(people.home).done["identity"]
    assert services.progress(change_identity(tenant_id=people.home.id, brand_hue=10)).done["identity"]
