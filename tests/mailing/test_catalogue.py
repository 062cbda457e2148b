"""Every template in both languages and several brands: links, text part, contrast, unsubscription, nothing loaded."""

import re
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.urls import resolve
from django.utils import translation

from mailing import services
from mailing.catalogue import TEMPLATES
from mailing.catalogue.types import BUTTON, PREVIEW, SUBJECT
from mailing.models import OutboxMessage
from mailing.rendering import VARIABLE, Mail, Sender, default_texts, render
from mailing.types import MailKind
from tenants.platform import PlatformRef
from tests.conventions.test_english import FRENCH
from tests.mailing.drawn import contrast, drawn, plain

LANGUAGES = ("fr", "en")
PLATFORM = PlatformRef(
    **dict.fromkeys(PlatformRef.__dataclass_fields__, "") | {"name": "Ruche", "email": "hello@example.com"}
)
# None: the platform's own. 100 is yellow, 264 a very dark blue, 25 a red, 155 a green.
BRANDS = {
    hue: Sender("Atelier des Lilas", "https://atelier.example.com/", hue, hue == 25, PLATFORM)
    for hue in (None, 100, 264, 25, 155)
}
STOP = "https://atelier.example.com/notifications/mails/Zm9v/"


def written(key: str, language: str, hue: int | None = None) -> Mail:
    template = TEMPLATES[key]
    stop = "" if template.kind == MailKind.TRANSACTIONAL else STOP
    with translation.override(language):
        return render(template, template.samples, sender=BRANDS[hue], unsubscribe_url=stop)


@pytest.fixture(params=[(key, language) for key in TEMPLATES for language in LANGUAGES], ids="-".join)
def mail(request):
    return (*request.param, written(*request.param))


def test_a_mail_reads_well(mail):
    _key, language, made = mail
    assert made.subject and len(made.subject) <= 90 and "\n" not in made.subject
    body = made.html[made.html.index("<body") :]
    for text in (made.subject, made.text, body):
        assert "{" not in text and "}" not in text and "None" not in text, text
    assert not re.search(r"\n{3}|[ \t]\n", made.text.replace("\n-- \n", "\n--\n")), made.text
    if language == "en":
        words = f"{made.subject} {made.text}".replace("Atelier des Lilas", "")
        assert not FRENCH.search(words), FRENCH.findall(words)
    assert f'lang="{language}"' in made.html


def test_text_and_html_say_the_same(mail):
    _key, _language, made = mail
    page, text = drawn(made.html), plain(made.text)
    blocks = [plain(block) for block in page.blocks if plain(block) and plain(block) != plain(made.subject)]
    assert [block for block in blocks if block not in text] == []
    for link in page.links:
        assert link.removeprefix("mailto:") in made.text, link


def test_links_lead_to_pages(mail):
    _key, _language, made = mail
    for link in drawn(made.html).links:
        address = urlsplit(link)
        if address.scheme == "mailto":
            continue
        assert address.scheme == "https", link
        workspace = address.hostname != "example.com"
        resolve(address.path, urlconf=settings.TENANT_URLCONF if workspace else settings.PUBLIC_URLCONF)


def test_a_mail_loads_nothing(mail):
    key, _language, made = mail
    assert drawn(made.html).sources == [] and drawn(written(key, "fr", 25).html).sources == ["cid:mark"]
    assert not re.search(r"url\(|@import|<link|<script|<form|http-equiv", made.html)


def test_one_may_stop_what_is_not_transactional(mail):
    key, _language, made = mail
    stoppable = TEMPLATES[key].kind != MailKind.TRANSACTIONAL
    assert (STOP in made.text) == (STOP in drawn(made.html).links) == stoppable


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("hue", BRANDS)
def test_every_word_is_readable(hue, dark):
    for key in TEMPLATES:
        for words in drawn(written(key, "fr", hue).html, dark=dark).words:
            assert contrast(words.colour, words.ground) >= 4.5, (key, words)
            assert not {words.colour, words.ground} & {"#000000", "#ffffff"}, "neither pure black nor white"


@pytest.mark.parametrize("hue", range(0, 360, 5))
def test_every_hue_is_readable(hue):
    sender = Sender("Atelier", "https://atelier.example.com/", hue, False, PLATFORM)
    for dark in (False, True):
        for words in drawn(render(TEMPLATES["lead"], TEMPLATES["lead"].samples, sender=sender).html, dark=dark).words:
            assert contrast(words.colour, words.ground) >= 4.5, (dark, words)


def test_a_mail_that_one_may_stop_has_the_headers_and_no_other(people):
    for key, template in TEMPLATES.items():
        stop = "" if template.kind == MailKind.TRANSACTIONAL else STOP
        services.send(template=key, to=f"{key}@x.test", context=dict(template.samples), unsubscribe_url=stop)
    for key, template in TEMPLATES.items():
        row = OutboxMessage.objects.get(to=[f"{key}@x.test"])
        assert (row.kind, row.carries_secret) == (template.kind, template.carries_secret)
        if template.kind == MailKind.TRANSACTIONAL:
            assert row.headers == {}
        else:
            assert row.headers["List-Unsubscribe"] == f"<{STOP}>"
            assert row.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_texts_name_only_their_variables():
    for key, template in TEMPLATES.items():
        names = {variable.name for variable in template.variables}
        for language in LANGUAGES:
            with translation.override(language):
                texts = default_texts(template)
            used = {name for text in texts.values() for name in VARIABLE.findall(text)}
            assert used <= names, key
        assert {SUBJECT, PREVIEW} <= set(texts) and (BUTTON in texts) == bool(template.button)
        codes = [part.code for part in template.texts]
        assert len(codes) == len(set(codes)) and not {SUBJECT, PREVIEW, BUTTON} & set(codes)


def test_every_template_of_the_code_is_in_the_catalogue_and_used():
    from tests.conventions.test_unused import OURS, files

    code = "\n".join(path.read_text() for path in files({".py"}, OURS) if "catalogue" not in path.parts)
    for key in TEMPLATES:
        is_of_sequence = TEMPLATES[key].kind == MailKind.SEQUENCE
        is_of_allauth = key.startswith(("password_", "email_", "account_", "unknown_", "login_"))
        name = key.removeprefix("subscription_")
        assert is_of_sequence or is_of_allauth or f'"{name}"' in code, key


def test_values_are_neither_markup_nor_templates():
    hostile = '<b>{{ 7|add:"1" }}</b> {workspace} {% now "Y" %}'
    context = dict(TEMPLATES["lead"].samples) | {"sender": hostile, "company": hostile, "message": hostile}
    made = render(TEMPLATES["lead"], context, sender=BRANDS[None])
    assert hostile in made.subject and f"> {hostile}" in made.text
    assert "<b>" not in made.html and "&lt;b&gt;{{ 7|add:" in made.html


def test_a_password_that_the_person_chose_is_named_not_shown(people):
    services.send_welcome(
        people.home, email="lea@x.test", password="mon-secret", must_change_password=False, is_password_chosen=True
    )
    row = OutboxMessage.objects.get(to=["lea@x.test"])
    assert "mon-secret" not in row.text + row.html
    for body in (row.text, row.html):
        assert "celui que vous avez choisi" in body and "première connexion" not in body
