"""Legal texts: versions that stay readable, facts filled in or left out, what is missing, acceptance at sign-up."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import AuditEntry
from tenants.context import public_context
from tenants.models import Platform
from tenants.platform import platform_change
from website import legal
from website.models import LegalAcceptance, LegalVersion

ADDRESSES = {
    "privacy": "/confidentialite/",
    "cookies": "/cookies/",
    "dpa": "/sous-traitance/",
    "notice": "/mentions-legales/",
}
PUBLISH = "/admin/website/legalversion/publish/privacy/"


@pytest.fixture
def visitor(client_for):
    return client_for(None, host="localhost")


@pytest.fixture
def console(client_for, people):
    return client_for(people.operator)


def text_of(answer):
    assert answer.status_code == 200
    return answer.content.decode().split("<main")[1].split("</main")[0]


def give_identity():
    with public_context():
        platform_change(
            Platform(
                name="Atelier",
                legal_name="Atelier *SAS*",
                address="1, rue des Tilleuls\n75011 Paris",
                email="droits@atelier.test",
                host_name="Hébergeur SA",
                host_address="Lyon",
            )
        )


@pytest.mark.parametrize("document", legal.Document.values)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_each_document_is_whole_in_both_languages_and_never_shows_a_gap(visitor, document, language):
    page = text_of(visitor.get(f"{ADDRESSES[document]}?lang={language}"))
    assert "{" not in page and "[" not in page and "Version 1" in page and "<h2>" in page
    assert len(legal.first_text(document, "fr").splitlines()) == len(legal.first_text(document, "en").splitlines())
    give_identity()
    shown = text_of(visitor.get(f"{ADDRESSES[document]}?lang={language}"))
    assert "{" not in shown
    if document in ("privacy", "dpa"):
        assert (
            "Atelier *SAS*" in shown and "1, rue des Tilleuls, 75011 Paris" in shown and "Hébergeur SA, Lyon" in shown
        )
        assert "Tilleuls" not in page and "Hébergeur SA" not in page


def test_names_of_cookies_are_those_of_the_settings(visitor, settings):
    assert f"<code>{settings.SESSION_COOKIE_NAME}</code>" in text_of(visitor.get("/cookies/"))


def test_missing_facts_are_a_task_until_they_are_given():
    before = {task.document: task for task in legal.tasks()}
    assert not before["privacy"].is_done and before["cookies"].is_done
    assert legal.VARIABLES["address"] in before["dpa"].missing and legal.has_tasks()
    give_identity()
    after = {task.document: task for task in legal.tasks()}
    assert after["privacy"].is_done and after["dpa"].is_done and not after["notice"].is_done


def test_the_console_publishes_a_version_and_the_former_stays_readable(visitor, console):
    form = console.get(PUBLISH).content.decode()
    assert "Qui est responsable" in form
    sent = {"text": "## Neuf\n\n<b>Texte</b> de {operator}", "translation": "## New", "changes": "Tout est neuf"}
    assert console.post(PUBLISH, sent).status_code == 302
    page = text_of(visitor.get("/confidentialite/"))
    assert "<h2>Neuf</h2>" in page and "&lt;b&gt;Texte" in page and "Tout est neuf" in page and "Version 2" in page
    former = visitor.get("/confidentialite/1/")
    assert "version plus récente" in text_of(former) and "noindex" in former.content.decode()
    assert "Qui est responsable" in text_of(former)
    assert "<h2>New</h2>" in text_of(visitor.get("/confidentialite/?lang=en"))
    listed = console.get("/admin/website/legalversion/").content.decode()
    assert "Remplacée" in listed
    with public_context():
        assert AuditEntry.objects.filter(action="row.added", target="privacy 2").count() == 1


@pytest.mark.parametrize(
    "sent",
    [
        {"text": ""},
        {"text": "Société [raison sociale]", "translation": "x"},
        {"text": "Société {inconnue}", "translation": "x"},
        {"text": "x" * (legal.MAX_LENGTH + 1)},
        {"text": "Nouveau texte", "translation": None},
    ],
    ids=["empty", "gap", "unknown variable", "too long", "translation of the former text"],
)
def test_a_text_that_cannot_be_published_is_refused_and_kept_in_the_form(console, sent):
    if sent.get("translation", "") is None:
        sent = sent | {"translation": legal.first_text("privacy", "en")}
    answer = console.post(PUBLISH, sent)
    assert answer.status_code == 400
    with public_context():
        assert LegalVersion.objects.filter(document="privacy").count() == 1


def test_the_same_text_is_no_new_version():
    first = legal.current("dpa")
    with pytest.raises(ValidationError):
        legal.publish("dpa", first.text, first.translation, label="x")
    legal.seed()
    with public_context():
        assert LegalVersion.objects.count() == len(legal.Document.values)


@pytest.mark.parametrize("number", [0, 99, 2**31, 10**30])
def test_an_unknown_version_is_not_there(visitor, console, number):
    assert visitor.get(f"/sous-traitance/{number}/").status_code == 404
    assert console.get("/admin/website/legalversion/publish/inconnu/").status_code == 404


def test_sign_up_records_the_version_in_force_when_it_was_accepted(people, console):
    first = legal.current("dpa")
    asked_at = timezone.now()
    second = legal.publish("dpa", "Un autre accord", label="test")
    accepted = {"actor": people.owner, "origin": "203.0.113.9", "reference": "r"}
    legal.accepted_at_sign_up(people.home, at=asked_at, **accepted)
    with public_context():
        [row] = LegalAcceptance.objects.all()
    assert (row.version_id, row.sha256, row.tenant_id) == (
        first.pk,
        first.sha256,
        people.home.id,
    ) and second.number == 2
    assert (row.person, row.origin) == (people.owner.email, "203.0.113.9")
    page = console.get("/admin/website/legalacceptance/").content.decode()
    assert people.owner.email in page and people.home.slug in page
