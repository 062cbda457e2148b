"""From an address to a member: invited, mailed, accepted; revoked, expired, refused."""

import datetime as dt

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import AuditEntry, User
from mailing.models import OutboxMessage
from tenants import services as tenants
from tenants.context import public_context, tenant_context
from tests.members.conftest import counted, links
from tests.people import PASSWORD
from workspace.jobs import end_invitations
from workspace.members import invitations
from workspace.models import Invitation
from workspace.seats import seats_taken

NEW_PASSWORD = "une-phrase-assez-longue"
PATH = "/settings/members/invite/"


def accept(client, path, **changes):
    return client.post(path, {"name": "Léa Roy", "password": NEW_PASSWORD} | changes)


def test_invited_and_in(people, client_for):
    before = seats_taken()
    sent = client_for(people.admin).post(PATH, {"emails": "Lea@x.test", "role": "instructor"})
    assert (sent.status_code, sent.url) == (302, "/settings/members/invitations/")
    assert (seats_taken(), counted(people)) == (before + 1, before + 1)
    path, colleague = links(people)["lea@x.test"], client_for(None)
    shown = colleague.get(path)
    # With "no-referrer" a browser would send the form with the origin "null", which is refused.
    assert shown["Referrer-Policy"] == "same-origin"
    page = shown.content.decode()
    assert "lea@x.test" in page and "Formateur" in page and not User.objects.filter(email="lea@x.test").exists()
    assert accept(colleague, path).url == "/"
    lea = User.objects.get(email="lea@x.test")
    assert (lea.role, lea.name, lea.is_active) == ("instructor", "Léa Roy", True)
    assert colleague.get("/").status_code == 200
    assert (seats_taken(), counted(people)) == (before + 1, before + 1)
    acts = AuditEntry.objects.filter(target="lea@x.test").order_by("id").values_list("action", "actor")
    assert acts[0] == ("invitation.sent", people.admin.email)
    assert ("invitation.accepted", "lea@x.test") in acts
    # Used: it opens nothing any more, and another password changes nothing.
    again = accept(client_for(None), path, password="une-autre-phrase-longue")
    assert again.status_code == 410 and lea.check_password(NEW_PASSWORD)


def test_the_link_is_worthless_next_door_and_made_up(people, client_for):
    client_for(people.owner).post(PATH, {"emails": "lea@x.test", "role": "member"})
    path = links(people)["lea@x.test"]
    for client, where in ((client_for(None, host=people.away.domain), path), (client_for(None), path[:-3] + "xx/")):
        assert client.get(where).status_code == 410 and accept(client, where).status_code == 410
    with tenant_context(people.away):
        assert not User.objects.filter(email="lea@x.test").exists()
    assert not User.objects.filter(email="lea@x.test").exists()


def test_somebody_signed_in_is_not_swapped(people, client_for):
    client_for(people.owner).post(PATH, {"emails": "lea@x.test", "role": "member"})
    member = client_for(people.member)
    answer = accept(member, links(people)["lea@x.test"])
    assert answer.status_code == 409 and not User.objects.filter(email="lea@x.test").exists()
    assert "member@atelier.test" in member.get("/accounts/email/").content.decode()


def test_a_weak_password_keeps_the_name_and_makes_nobody(people, client_for):
    client_for(people.owner).post(PATH, {"emails": "lea@x.test", "role": "member"})
    client, path = client_for(None), links(people)["lea@x.test"]
    answer = accept(client, path, password="12345678")
    assert answer.status_code == 422 and "Léa Roy" in answer.content.decode()
    assert not User.objects.filter(email="lea@x.test").exists()
    assert accept(client, path).status_code == 302


def test_a_list_with_bad_rows_is_shown_first_and_then_sent(people, client_for):
    rows = ["email;nom;rôle", *(f"p{number}@x.test;P {number};learner" for number in range(17))]
    rows[4:4] = ["pas-une-adresse;;", "p0@x.test;;", f"{people.member.email};;"]
    client = client_for(people.owner)
    file = SimpleUploadedFile("equipe.csv", "\r\n".join(rows).encode("cp1252"), "text/csv")
    page = client.post(PATH, {"emails": "", "role": "member", "file": file})
    text = page.content.decode()
    assert page.status_code == 200 and "Inviter 17 personnes" in text and "3 lignes" in text
    assert "Ce n’est pas une adresse" in text and "Déjà à la ligne 2" in text and "déjà membre" in text
    assert Invitation.objects.count() == 0
    sent = client.post(PATH, {"emails": page.context["form"].initial["emails"], "role": "member", "confirmed": "1"})
    assert sent.status_code == 200 and len(sent.context["outcome"].done) == 17
    assert {email for email, _reason in sent.context["outcome"].refused} == {
        "pas-une-adresse",
        "p0@x.test",
        people.member.email,
    }
    assert Invitation.objects.filter(role="learner").count() == len(links(people)) == 17


def test_the_list_comes_back_to_be_corrected(people, client_for):
    client = client_for(people.owner)
    page = client.post(PATH, {"emails": "bon@x.test\nmauvais", "role": "admin", "edit": "1"})
    assert "bon@x.test\nmauvais" in page.content.decode().replace("\r", "") and Invitation.objects.count() == 0
    empty = client.post(PATH, {"emails": " ", "role": "member"})
    assert empty.status_code == 422 and "au moins une adresse" in empty.content.decode()


def test_twice_is_once(people, client_for):
    client = client_for(people.owner)
    client.post(PATH, {"emails": "lea@x.test", "role": "member"})
    assert "attend déjà" in client.post(PATH, {"emails": "LEA@x.test", "role": "admin"}).content.decode()
    assert Invitation.objects.get().role == "member"


def test_an_admin_invites_no_owner(people, client_for):
    answer = client_for(people.admin).post(PATH, {"emails": "lea@x.test", "role": "owner"})
    assert answer.status_code == 422 and Invitation.objects.count() == 0
    forged = client_for(people.admin).post(PATH, {"emails": "email;role\nlea@x.test;owner", "confirmed": "1"})
    assert forged.status_code == 422 and Invitation.objects.count() == 0
    client_for(people.owner).post(PATH, {"emails": "lea@x.test", "role": "owner"})
    key = Invitation.objects.get().pk
    for act in ("resend", "revoke"):
        page = client_for(people.admin).post("/settings/members/invitations/bulk/", {"act": f"{act}:{key}"})
        assert "ne dépend pas de vous" in page.content.decode()
    assert Invitation.objects.get().is_pending


def test_no_seat_no_invitation(people, client_for, with_seats):
    with_seats(1)
    before = seats_taken()
    client = client_for(people.owner)
    page = client.post(PATH, {"emails": "a@x.test\nb@x.test", "role": "member"})
    assert page.context["outcome"].done == ["a@x.test"]
    assert page.context["outcome"].refused == [("b@x.test", "Il ne reste plus de place dans votre offre.")]
    assert seats_taken() == counted(people) == before + 1 and set(links(people)) == {"a@x.test"}
    # A learner needs none.
    assert client.post(PATH, {"emails": "c@x.test", "role": "learner"}).status_code == 302


def test_a_smaller_plan_is_seen_when_accepting(people, client_for, with_seats):
    client_for(people.owner).post(PATH, {"emails": "lea@x.test", "role": "member"})
    with_seats(-2)
    before = counted(people)
    answer = accept(client_for(None), links(people)["lea@x.test"])
    assert answer.status_code == 422 and "plus de place" in answer.content.decode()
    assert counted(people) == before and Invitation.objects.get().is_pending
    assert not User.objects.filter(email="lea@x.test").exists()


def test_revoked_it_opens_nothing_and_gives_the_seat_back(people, client_for):
    client, before = client_for(people.admin), seats_taken()
    client.post(PATH, {"emails": "lea@x.test", "role": "member"})
    key = Invitation.objects.get().pk
    client.post("/settings/members/invitations/bulk/", {"act": "revoke", "selected": [str(key), "rien"]})
    assert accept(client_for(None), links(people)["lea@x.test"]).status_code == 410
    assert seats_taken() == counted(people) == before
    assert client.post(PATH, {"emails": "lea@x.test", "role": "member"}).status_code == 302


def test_expired_it_can_be_sent_again_until_it_is_swept(people, client_for):
    client, before = client_for(people.owner), seats_taken()
    client.post(PATH, {"emails": "lea@x.test\nbo@x.test", "role": "member"})
    Invitation.objects.update(expires_at=timezone.now() - dt.timedelta(minutes=1))
    path = links(people)["lea@x.test"]
    assert client_for(None).get(path).status_code == 410
    assert "lien expiré" in client.get("/settings/members/invitations/").content.decode()
    client.post(
        "/settings/members/invitations/bulk/", {"act": f"resend:{Invitation.objects.get(email='lea@x.test').pk}"}
    )
    assert client_for(None).get(links(people)["lea@x.test"]).status_code == 200
    assert end_invitations() == 1 and seats_taken() == counted(people) == before + 1
    with public_context():
        assert end_invitations() == 0


def test_mails_to_one_mailbox_are_limited(people, client_for):
    client = client_for(people.owner)
    client.post(PATH, {"emails": "lea@x.test", "role": "member"})
    key = Invitation.objects.get().pk
    for _ in range(6):
        last = client.post("/settings/members/invitations/bulk/", {"act": f"resend:{key}"})
    assert "Trop d’e-mails" in last.content.decode()
    with public_context():
        assert OutboxMessage.objects.filter(to=["lea@x.test"]).count() == 5


def test_invitations_of_a_day_are_limited(people, client_for, monkeypatch):
    monkeypatch.setattr(invitations, "PER_DAY", 1)
    monkeypatch.setattr(invitations, "PER_DAY_IN_TRIAL", 1)
    page = client_for(people.owner).post(PATH, {"emails": "a@x.test\nb@x.test", "role": "learner"})
    assert page.context["outcome"].done == ["a@x.test"] and "demain" in page.content.decode()


def test_a_suspended_workspace_takes_nobody_in(people, client_for):
    client_for(people.owner).post(PATH, {"emails": "lea@x.test", "role": "member"})
    path = links(people)["lea@x.test"]
    tenants.tenant_suspend(tenant_id=people.home.id, reason="impayé", actor="test")
    assert accept(client_for(None), path).status_code == 403
    assert not User.objects.filter(email="lea@x.test").exists()


def test_the_mail_is_right(people, client_for):
    client_for(people.owner).post(PATH, {"emails": "Léa <lea@x.test>", "role": "member"})
    with public_context():
        row = OutboxMessage.objects.get(to=["lea@x.test"])
    assert row.carries_secret and "Atelier" in row.subject
    for body in (row.text, row.html):
        assert links(people)["lea@x.test"] in body and "Léa" in body and "Membre" in body


def test_the_list_asks_the_same_for_one_and_for_many(people, client_for, django_assert_max_num_queries):
    client = client_for(people.owner)
    client.post(PATH, {"emails": "\n".join(f"p{number}@x.test" for number in range(20)), "role": "learner"})
    with django_assert_max_num_queries(14):
        assert client.get("/settings/members/invitations/").status_code == 200
    assert people.owner.check_password(PASSWORD)
