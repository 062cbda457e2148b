"""The contact form: a lead with its consents, told once to the operators; traps, limits, erasure."""

from datetime import timedelta

import pytest
from django.utils import timezone

from mailing.models import OutboxMessage
from signup import proof
from tenants.context import public_context
from website import leads
from website.models import Consent, Lead

SENT = {
    "name": "Zoé Rive",
    "email": "Zoe@Rive.test",
    "company": "La Rive",
    "message": "Bonjour,\n\nFormez-vous <b>nos</b> équipes ?",
    "accept": "on",
    "website": "",
    "lead_id": "01a22b61-5ca9-4786-98ce-95fab9e43620",
}


@pytest.fixture
def console(client_for, people):
    return client_for(people.operator)


@pytest.fixture
def visitor(client_for):
    return client_for(None, host="localhost")


def counts(people):
    with public_context():
        mails = OutboxMessage.objects.filter(to=[people.operator.email], subject__contains="Zoé").count()
        return Lead.objects.count(), Consent.objects.count(), mails


def test_a_message_is_stored_with_its_consents_and_told_to_the_operators_once(people, visitor, console):
    assert visitor.get("/contact/").status_code == 200
    referer = "http://localhost/contact/?utm_source=lettre&utm_campaign=mai"
    for _twice in range(2):
        answer = visitor.post("/contact/", SENT | {"news": "on"}, headers={"referer": referer})
        assert (answer.status_code, answer.url) == (302, "/contact/merci/")
    assert counts(people) == (1, 2, 1)
    with public_context():
        lead = Lead.objects.get()
        mail = OutboxMessage.objects.get(to=[people.operator.email], subject__contains="Zoé")
    assert (lead.email, lead.wants_news, lead.source) == ("zoe@rive.test", True, "lettre /  / mai")
    assert "Formez-vous <b>nos</b>" in mail.text and "&lt;b&gt;nos&lt;/b&gt;" in mail.html
    assert visitor.get("/contact/merci/").status_code == 200
    page = console.get(f"/admin/website/lead/{lead.pk}/change/").content.decode()
    assert "Zoé Rive" in page and str(leads.REPLY_TEXT) in page.replace("&#x27;", "'")


@pytest.mark.parametrize(
    ("field", "value"),
    [("accept", ""), ("email", "non"), ("email", "a@mailinator.com"), ("message", ""), ("lead_id", "1"), ("name", "")],
)
def test_a_wrong_message_is_refused_and_nothing_is_stored(people, visitor, field, value):
    assert visitor.post("/contact/", SENT | {field: value}).status_code == 400
    assert counts(people) == (0, 0, 0)


def test_a_bot_is_thanked_and_dropped(people, visitor):
    assert visitor.post("/contact/", SENT | {"website": "http://spam.test"}).status_code == 302
    assert counts(people) == (0, 0, 0)


def test_messages_without_a_proof_of_work_are_few(people, visitor, monkeypatch):
    for number in range(4):
        answer = visitor.post("/contact/", SENT | {"lead_id": f"01a22b61-5ca9-4786-98ce-95fab9e4362{number}"})
    assert answer.status_code == 429 and counts(people)[0] == 3
    monkeypatch.setattr(proof, "accept", lambda payload: payload == "solved")
    proved = SENT | {"proof": "solved", "lead_id": SENT["lead_id"][:-1] + "9"}
    assert visitor.post("/contact/", proved).status_code == 302
    assert counts(people)[0] == 4


def test_the_team_changes_the_state_and_erases_on_request(people, visitor, console):
    visitor.post("/contact/", SENT)
    address = f"/admin/website/lead/{SENT['lead_id']}/"
    assert console.post(f"{address}change/", {"state": "answered", "note": "rappeler"}).status_code == 302
    with public_context():
        assert Lead.objects.get().state == "answered"
    assert console.post(f"{address}delete/").status_code == 403
    assert console.post(f"/admin/website/lead/{SENT['lead_id']}/erase/", {"reason": ""}).status_code == 400
    assert counts(people)[0] == 1
    assert console.post(f"/admin/website/lead/{SENT['lead_id']}/erase/", {"reason": "demande"}).status_code == 302
    assert counts(people)[:2] == (0, 0)


def test_leads_are_erased_after_three_years(people, visitor):
    visitor.post("/contact/", SENT)
    assert leads.sweep() == 0
    with public_context():
        Lead.objects.update(created_at=timezone.now() - timedelta(days=3 * 365, hours=1))
    assert leads.sweep() == 1
    assert counts(people)[:2] == (0, 0)


def test_a_message_changed_after_the_back_button_is_another_lead(people, visitor):
    for changed in ({}, {"message": "Autre chose."}, {"news": "on"}, {}):
        assert visitor.post("/contact/", SENT | changed).status_code == 302
    with public_context():
        texts = sorted(Lead.objects.values_list("message", "wants_news"))
    assert texts == [("Autre chose.", False), (SENT["message"], False), (SENT["message"], True)]
    assert counts(people)[2] == 3
