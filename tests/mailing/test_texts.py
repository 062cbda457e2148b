"""Texts of templates in the operator's words: checked, versioned, taken back; the console's pages of templates."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from accounts.models import AuditEntry
from mailing import services, texts
from mailing.catalogue import FAMILIES, TEMPLATES
from mailing.models import MailTextVersion, OutboxMessage
from mailing.rendering import default_texts
from tenants.context import public_context

LIST = "/admin/mailing/mailtextversion/"
ONE = f"{LIST}template/trial_ended/"


@pytest.fixture
def console(client_for, people):
    return client_for(people.operator)


@pytest.fixture(autouse=True)
def in_public():
    with public_context():
        yield


def typed(**changed: str) -> dict[str, str]:
    with translation.override("fr"):
        return default_texts(TEMPLATES["trial_ended"]) | changed


def save(people, base=0, **changed):
    return texts.text_save(key="trial_ended", language="fr", texts=typed(**changed), base=base, actor=people.operator)


def mail_of(people, key="trial_ended"):
    services.send_to_owners(people.home, key)
    return OutboxMessage.objects.latest("pk")


def test_changed_words_are_in_the_next_mail_in_their_language_only(people):
    row = save(people, subject="C’est fini, {workspace}", intro="Un.\n\nDeux & <b>trois</b>.", button="Y aller")
    assert (row.number, row.author, set(row.texts)) == (1, people.operator.email, {"subject", "intro", "button"})
    mail = mail_of(people)
    assert mail.subject == "C’est fini, Atelier" and "Un.\n\nDeux & <b>trois</b>." in mail.text
    assert "Y aller\u00a0: http" in mail.text and "Deux &amp; &lt;b&gt;trois&lt;/b&gt;." in mail.html
    assert not texts.texts_in_force("trial_ended", "en") and not texts.texts_in_force("closed", "fr")
    entry = AuditEntry.objects.get(action="mail_text.changed")
    assert (entry.actor, entry.target, entry.details["version"]) == (people.operator.email, "trial_ended", 1)


def test_words_in_force_cost_no_query_once_read(people, django_assert_num_queries):
    texts.texts_in_force("trial_ended", "fr")
    with django_assert_num_queries(0):
        assert texts.texts_in_force("trial_ended", "fr") == {} == texts.texts_in_force("welcome", "en")


@pytest.mark.parametrize(
    ("code", "text", "words"),
    [
        ("intro", "Bonjour {prenom}", "« {prenom} » n’est pas une variable"),
        ("intro", "{workspace.owner}", "« {workspace.owner} » n’est pas une variable"),
        ("intro", "{{ workspace }}", "« { workspace } » n’est pas une variable"),
        ("subject", "{workspace} {", "Une accolade est seule"),
        ("intro", "}", "Une accolade est seule"),
        ("subject", "  ", "ne peut pas rester vide"),
        ("button", "", "ne peut pas rester vide"),
        ("button", "x" * 61, "60 caractères au plus"),
        ("intro", "x" * 3001, "3000 caractères au plus"),
    ],
)
def test_what_cannot_be_written_is_refused_in_words(people, code, text, words):
    with pytest.raises(ValidationError) as refusal:
        save(people, **{code: text})
    assert words in refusal.value.message_dict[code][0].replace("\u00a0", " ")
    assert not MailTextVersion.objects.exists() and not AuditEntry.objects.filter(action="mail_text.changed").exists()


def test_nothing_in_a_text_is_evaluated(people):
    save(people, intro="{% now 'Y' %}".replace("{", "").replace("}", "") + " %(name)s $name {workspace}")
    assert "% now 'Y' % %(name)s $name Atelier" in mail_of(people).text


def test_a_text_that_is_emptied_is_not_shown(people):
    save(people, intro="", preview="")
    mail = mail_of(people)
    assert "lecture seule" not in mail.text and "/settings/plan/" in mail.text


def test_every_version_stays_and_any_comes_back(people):
    save(people, intro="Un")
    save(people, base=1, intro="Deux")
    assert save(people, base=2, intro="Deux") is None, "no change, no version"
    back = texts.text_restore(key="trial_ended", language="fr", number=1, base=2, actor=people.operator)
    assert back.restored == 1 and "Un\n" in mail_of(people).text
    texts.text_restore(key="trial_ended", language="fr", number=0, base=3, actor=people.operator)
    assert "L’essai de votre espace" in mail_of(people).text
    assert [row.number for row in texts.versions_of("trial_ended", "fr")] == [4, 3, 2, 1]
    with pytest.raises(ValidationError):
        texts.text_restore(key="trial_ended", language="fr", number=9, base=4, actor=people.operator)


def test_two_who_edit_at_once_do_not_overwrite_each_other(people):
    save(people, intro="La première")
    with pytest.raises(ValidationError, match="entre-temps"):
        save(people, base=0, intro="La seconde")
    assert "La première" in mail_of(people).text


def test_words_that_name_what_is_gone_give_way_to_the_default(people):
    MailTextVersion.objects.create(
        template="trial_ended", language="fr", number=1, texts={"intro": "{gone}", "old": "x"}, author="a@b.test"
    )
    texts._cache.drop()
    assert "L’essai de votre espace" in mail_of(people).text
    texts._cache.drop()


class TestConsole:
    def test_the_list_has_every_template(self, console, people):
        save(people, intro="Un")
        page = console.get(LIST).content.decode()
        assert re.findall(r'data-template="([\w]+)"', page) == [row.key for _label, rows in FAMILIES for row in rows]
        assert page.count("Modifiés") == 1

    @pytest.mark.parametrize(
        "query", ["", "?lang=en&brand=dark&mode=dark&width=narrow", "?lang=xx&brand=yy&version=zz"]
    )
    def test_a_template_is_shown_as_it_leaves(self, console, query):
        page = console.get(ONE + query).content.decode()
        subject = "Workspace Atelier des Lilas: the trial has ended" if "en" in query else "l’essai est terminé"
        assert subject in page and 'sandbox=""' in page
        frame = re.search(r'sandbox="" title="[^"]+" src="([^"]+)"', page)[1].replace("&amp;", "&")
        answer = console.get(frame)
        assert answer["X-Frame-Options"] == "SAMEORIGIN" and "sandbox" in answer["Content-Security-Policy"]
        assert ("@media all {" in answer.content.decode()) == ("mode=dark" in query)

    def test_every_template_has_its_pages(self, console):
        for key in TEMPLATES:
            for path in ("", "frame/?brand=yellow", "fr/"):
                assert console.get(f"{LIST}template/{key}/{path}").status_code == 200, (key, path)
        for path in ("template/nothing/", "template/trial_ended/de/", "template/nothing/frame/"):
            assert console.get(LIST + path).status_code == 404

    def form(self, base=0, **changed):
        return {f"text-{code}": text for code, text in typed(**changed).items()} | {"text-base": str(base)}

    def test_texts_are_looked_at_before_they_are_saved(self, console, people):
        page = console.post(ONE + "fr/", self.form(intro="Tout neuf") | {"act": "preview"})
        assert page.status_code == 200 and "Tout neuf" in page.context["drawn"]["html"]
        assert not MailTextVersion.objects.exists()
        assert console.post(ONE + "fr/", self.form(intro="Tout neuf")).status_code == 302
        assert MailTextVersion.objects.get().texts == {"intro": "Tout neuf"}

    @pytest.mark.parametrize("act", ["preview", "save"])
    def test_a_refusal_stands_at_its_field_and_keeps_what_was_typed(self, console, act):
        page = console.post(ONE + "fr/", self.form(intro="Bonjour {nom}") | {"act": act})
        assert page.status_code == 422 and "intro" in page.context["form"].errors
        assert "Bonjour {nom}" in page.content.decode() and not MailTextVersion.objects.exists()

    def test_a_version_comes_back_by_a_button(self, console, people):
        save(people, intro="Un")
        save(people, base=1, intro="Deux")
        assert "Un" in console.get(ONE + "?lang=fr&version=1").context["mail"].text
        console.post(ONE + "fr/restore/", {"number": "1", "base": "2"})
        assert texts.texts_in_force("trial_ended", "fr") == {"intro": "Un"}
        console.post(ONE + "fr/restore/", {"number": "0", "base": "2"})
        assert texts.texts_in_force("trial_ended", "fr") == {"intro": "Un"}, "somebody else was first"
        console.post(ONE + "fr/restore/", {"number": "0", "base": "3"})
        assert texts.texts_in_force("trial_ended", "fr") == {}

    def test_a_test_goes_to_oneself(self, console, people):
        console.post(ONE + "test/", {"lang": "en", "brand": "yellow"})
        mail = OutboxMessage.objects.latest("pk")
        assert (mail.to, mail.carries_secret) == ([people.operator.email], False)
        assert "the trial has ended" in mail.subject and "[" in mail.subject and mail.headers == {}

    @pytest.mark.parametrize(
        "path", ["", "template/trial_ended/", "template/trial_ended/frame/", "template/trial_ended/fr/"]
    )
    def test_only_operators_come_here(self, client_for, people, path):
        assert client_for(people.owner).get(LIST + path).status_code in (302, 403, 404)
