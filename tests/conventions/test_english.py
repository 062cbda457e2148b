"""English is complete: the catalogue on disk, and the pages people meet."""

import html
import re
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.contrib import admin
from django.contrib.staticfiles import finders
from django.urls import reverse
from django.utils.translation import gettext, override, pgettext

from assistants.models import Assistant, Model, Price
from assistants.seeds import _ASSISTANTS
from mailing.models import OutboxMessage
from plans.models import AddOn
from plans.seeds import ADD_ONS, LIMIT_LABELS
from ui.templatetags.ui import money

FOLDER = Path(settings.BASE_DIR) / "locale" / "en" / "LC_MESSAGES"
PERCENT = re.compile(r"%\(\w+\)[sd]|%%")
TAG = re.compile(r"</?\w+[^>]*>")
# Letters and words that no English sentence of ours has. Names of people, of plans and of Ruche itself have none.
FRENCH = re.compile(
    r"[éèêàùçôîœÉÈÀÇ«»]|\b(?:Accueil|Bonjour|Envoyer|Se connecter|Mot de passe|Rechercher|Annuler|Ouvrir|Partager|"
    r"Archiver|Renommer|Espace|espace|offre|Jetons|jetons|jour|votre|vos|vous|pour|avec|dans|une|des|les|est|sont|HT|octets|Mo)\b"
)
# A language is named in itself.
OWN_NAMES = ("Français", "français", "Opérateur")
# The console shows these as they are kept: catalogues as the operator writes them, letters as they were sent.
AS_STORED = (AddOn, Assistant, Model, Price, OutboxMessage)


def read_catalogue() -> Catalog:
    with (FOLDER / "django.po").open("rb") as file:
        return read_po(file, locale="en")


def messages() -> list[Message]:
    return [message for message in read_catalogue() if message.id]


def forms(text: object) -> tuple[str, ...]:
    return tuple(map(str, text)) if isinstance(text, (tuple, list)) else (str(text or ""),)


def placeholders(text: str) -> list[str]:
    """What the code puts in: %(name)s, {name}, and the tags that surround words."""
    braces = [] if PERCENT.search(text) and "{" not in text else re.findall(r"\{\w*\}", text)
    return sorted(PERCENT.findall(text) + braces + TAG.findall(text))


def test_every_text_has_its_english():
    assert [message.id for message in messages() if not all(forms(message.string))] == []
    assert [message.id for message in messages() if message.fuzzy] == []
    assert len(messages()) > 900


def test_no_french_text_is_a_key_of_a_library_with_another_meaning():
    """Django has a button "Go": without a context, the sign of gigabytes was shown as "Envoyer"."""
    with override("fr"):
        changed = {
            source: text
            for message in messages()
            for source in forms(message.id)[:1]
            if (text := pgettext(message.context, source) if message.context else gettext(source)) != source
        }
    assert changed == {}


def test_placeholders_are_the_same():
    wrong = [
        (source, translated)
        for message in messages()
        for source, translated in zip(forms(message.id), forms(message.string), strict=True)
        if placeholders(source) != placeholders(translated)
    ]
    assert wrong == []


def test_english_is_not_french():
    assert [text for message in messages() for text in forms(message.string) if FRENCH.search(text)] == []


def test_edges_are_kept():
    """A starter ends with the space where one goes on writing; a title does not gain a full stop."""
    for message in messages():
        source, translated = forms(message.id)[-1], forms(message.string)[-1]
        assert translated[-1].isspace() == source[-1].isspace(), source
        assert translated.startswith("\n") == source.startswith("\n"), source


def test_the_compiled_file_says_the_same():
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = GNUTranslations(file)
    for message in messages():
        source, context = forms(message.id), message.context
        for count, translated in zip((1, 2), forms(message.string), strict=False):
            if len(source) == 2:
                found = compiled.ngettext(*source, count)
            else:
                found = compiled.pgettext(context, source[0]) if context else compiled.gettext(source[0])
            assert found == translated, "make messages"


def test_no_text_of_the_templates_is_missing():
    """Literal texts of templates are in the catalogue (`make messages` also reads the Python files)."""
    known = {(message.context, forms(message.id)[0].replace("%%", "%")) for message in messages()}
    pattern = re.compile(r"""\{%\s*translate\s+(?:"([^"]+)"|'([^']+)')(?:\s+context\s+"([^"]+)")?""")
    missing = [
        (file.name, double or single)
        for file in (Path(settings.BASE_DIR) / "templates").rglob("*.*")
        for double, single, context in pattern.findall(file.read_text())
        if (context or None, double or single) not in known
    ]
    assert missing == []


def test_texts_that_live_in_data_are_translated():
    known = {forms(message.id)[0] for message in messages()}
    shown = set(LIMIT_LABELS.values())
    for name, _price, description in ADD_ONS.values():
        shown |= {name, description}
    for assistant in _ASSISTANTS:
        shown |= {assistant["name"], assistant["tagline"], *assistant["starters"]}
    assert shown - known == set()


def test_amounts_are_written_the_english_way():
    with override("en"):
        assert (money("12.5"), money(0), money("-3")) == ("€12.50", "€0.00", "−€3.00")
    with override("fr"):
        assert money("12.5") == "12,50\u00a0€"


def visible(page: str) -> str:
    """What a person sees or hears: texts, and the attributes that are read out."""
    page = re.sub(r"(?s)<(script|style)\b.*?</\1>|<!--.*?-->", " ", page)
    said = re.findall(
        r"""\b(?:aria-label|placeholder|title|alt|content|data-said|data-copied|data-starter)="([^"]*)\"""", page
    )
    text = html.unescape(re.sub(r"<[^>]*>", " ", page) + " ¦ " + " ¦ ".join(said))
    for name in OWN_NAMES:
        text = text.replace(name, "")
    return re.sub(r"\s+", " ", text)


def french_words(page: bytes) -> list[str]:
    text = visible(page.decode())
    return [text[max(0, hit.start() - 40) : hit.end() + 40] for hit in FRENCH.finditer(text)]


PUBLIC = ["/", "/tarifs/", "/mentions-legales/", "/conditions/", "/confidentialite/", "/accounts/login/", "/nowhere/"]
ACCOUNT = [
    "/accounts/login/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/signup/",
    "/nowhere/",
]
WORK = [
    "/",
    "/conversations/",
    "/conversations/?assistant=posts",
    "/conversations/?assistant=images",
    "/conversations/?archived=1&q=zzz",
    "/library/",
    "/library/?q=zzz",
    "/library/?archived=on",
    "/library/upload/",
    "/accounts/password/change/",
    "/accounts/email/",
    "/accounts/logout/",
    "/nowhere/",
]


def in_english(client):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


@pytest.mark.parametrize("path", PUBLIC)
def test_public_pages(client_for, path):
    answer = in_english(client_for(None, host=settings.BASE_HOST)).get(path)
    assert answer.headers["Content-Language"] == "en"
    assert french_words(answer.content) == []


@pytest.mark.parametrize("path", ACCOUNT)
def test_pages_of_a_workspace_before_one_is_in(client_for, path):
    assert french_words(in_english(client_for(None)).get(path).content) == []


@pytest.mark.parametrize("path", WORK)
def test_pages_of_a_team(people, client_for, path):
    answer = in_english(client_for(people.owner)).get(path)
    assert answer.status_code in (200, 404)
    assert french_words(answer.content) == []


@pytest.mark.parametrize("person", ["learner", "promoter", "member"])
def test_every_first_page(people, client_for, person):
    assert french_words(in_english(client_for(getattr(people, person))).get("/").content) == []


def test_refusals(people, client_for):
    assert french_words(in_english(client_for(people.learner)).get("/library/").content) == []
    assert french_words(in_english(client_for(None, host="nobody.localhost")).get("/").content) == []
    answer = in_english(client_for(None)).post("/accounts/login/", {"login": "x", "password": "y"})
    assert french_words(answer.content) == []


def test_the_console(people, client_for):
    client = in_english(client_for(people.operator))
    shown = [model._meta for model in admin.site._registry if model not in AS_STORED]
    lists = [reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist") for meta in shown]
    workspace = reverse("admin:tenants_tenant_change", args=[people.home.id])
    for path in ("/admin/", "/admin/tenants/tenant/new/", workspace, *lists):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert french_words(answer.content) == [], path


def test_scripts_have_no_texts_of_their_own():
    """Scripts take their words from data attributes, where templates translated them."""
    folder = finders.find("js/theme.js")
    assert folder
    for file in Path(folder).parent.glob("*.js"):
        code = re.sub(r"(?m)^\s*//.*$|\s//\s.*$", "", file.read_text())
        assert not re.search("[éèêàùçôîœ]", code), file.name
