"""Terms of sale in the console: publication, list, acceptances."""

import pytest
from django.test import Client

from accounts.models import AuditEntry
from billing import terms
from billing.models import TermsAcceptance, TermsVersion
from billing.subscription_types import Choice
from tenants.context import public_context
from tests.people import People

VERSIONS, ACCEPTANCES = "/admin/billing/termsversion/", "/admin/billing/termsacceptance/"


def test_version_is_published_and_listed(console: Client) -> None:
    page = console.get(VERSIONS).content.decode()
    assert "En vigueur, à compléter" in page, "the model has gaps"
    form = console.get(f"{VERSIONS}publish/").content.decode()
    assert "raison sociale de l’opérateur" in form, "it begins with the text in force"
    assert console.post(f"{VERSIONS}publish/", {"text": "Conditions.", "translation": "Terms."}).status_code == 302
    latest = terms.current()
    assert latest is not None and (latest.number, latest.text, latest.translation) == (2, "Conditions.", "Terms.")
    page = console.get(VERSIONS).content.decode()
    assert "Remplacée" in page and "En vigueur" in page and latest.sha256 in page
    assert AuditEntry.objects.filter(action="terms.published", target="2").count() == 1


@pytest.mark.parametrize(
    "sent", [{}, {"text": " "}, {"text": "x" * (terms.MAX_LENGTH + 1)}], ids=["none", "blank", "long"]
)
def test_empty_text_is_refused(console: Client, sent: dict[str, str]) -> None:
    assert console.post(f"{VERSIONS}publish/", sent).status_code == 400
    assert TermsVersion.objects.count() == 1


def test_acceptances_are_read_only_with_actor_version_and_origin(console: Client, people: People) -> None:
    latest = terms.current()
    assert latest is not None
    with public_context():
        terms.record(
            people.home,
            latest,
            Choice("pro", "year", ("analytics",)),
            actor=people.owner,
            origin="2001:db8::7",
            act=terms.Act.CHECKOUT,
            reference="cs_test_1",
        )
    page = console.get(ACCEPTANCES).content.decode()
    for expected in (people.owner.email, "2001:db8::7", latest.sha256, "Pro, à l’année", "analytics", "cs_test_1"):
        assert expected in page, expected
    row = TermsAcceptance.objects.get()
    assert console.post(f"{ACCEPTANCES}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert TermsAcceptance.objects.count() == 1


def test_new_text_warns_about_translation_and_gaps(console: Client) -> None:
    """Who reads in English would accept the former text under the new number."""
    first = terms.current()
    assert first is not None and first.translation
    publish = f"{VERSIONS}publish/"
    for sent, warning in (
        ({"text": "Conditions.", "translation": first.translation}, "accepterait l’ancien"),
        ({"text": "Conditions [à compléter].", "translation": "Terms."}, "restent à compléter"),
    ):
        answer = console.post(publish, sent)
        assert answer.status_code == 400 and warning in answer.content.decode()
    assert TermsVersion.objects.count() == 1
    data = {"text": "Conditions [à compléter].\r\n\ufeff", "translation": first.translation}
    assert console.post(publish, data | {"is_still_right": "on", "has_gaps": "on"}).status_code == 302
    latest = terms.current()
    assert latest is not None and (latest.text, latest.translation) == ("Conditions [à compléter].", first.translation)


def test_unknown_version_redirects_to_the_console(console: Client) -> None:
    page = console.get("/admin/nope/")
    assert page.status_code == 404 and 'href="/admin/"' in page.content.decode()


def test_lists_and_rows_have_titles(console: Client) -> None:
    assert "Sélectionnez" not in console.get(VERSIONS).content.decode()
    empty = console.get(ACCEPTANCES).content.decode()
    assert "Rien pour le moment" in empty and "Effacer les filtres" not in empty
    assert "Rien ne correspond" in console.get(f"{ACCEPTANCES}?q=zzz").content.decode()
