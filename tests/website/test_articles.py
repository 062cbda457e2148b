"""Articles of the site: drafts stay hidden, languages, covers re-encoded, feeds, what search engines read."""

import io
import json
import re
import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from accounts.models import AuditEntry
from tenants.context import public_context
from website.models import Article

ADD = "/admin/website/article/add/"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def visitor(client_for):
    return client_for(None, host="localhost")


@pytest.fixture
def console(client_for, people):
    return client_for(people.operator)


def picture(size=(1600, 1200)):
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    Image.new("RGB", size, "#3a7").save(file, "JPEG", exif=exif)
    return SimpleUploadedFile("photo.jpg", file.getvalue(), "image/jpeg")


def article(slug="premier", **more):
    values = {
        "language": "fr",
        "title": "Un <premier> article",
        "summary": "En bref.",
        "body": "## Partie\n\n<script>x</script> **texte**\x0b",
        "published_at": timezone.now() - timedelta(hours=1),
    }
    with public_context():
        return Article.objects.create(slug=slug, **values | more)


def sent(**more):
    values = {
        "title": "Écrire à un assistant",
        "language": "fr",
        "slug": "",
        "summary": "Cinq conseils.",
        "body": "## Un\n\nTexte",
        "cover_text": "Un bureau",
        "published_at_0": "2026-01-02",
        "published_at_1": "10:00",
        "author": "",
        "translation_of": "",
    }
    return values | more


def test_the_operator_writes_an_article_with_a_cover(console, visitor, people):
    assert console.get(ADD).status_code == 200
    answer = console.post(ADD, sent(new_cover=picture()))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    with public_context():
        row = Article.objects.get()
        assert AuditEntry.objects.filter(action="row.added", actor=people.operator.email).exists()
    assert (row.slug, row.language) == ("ecrire-a-un-assistant", "fr")
    answer = visitor.get(f"/articles/images/{row.cover_digest}.jpg")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg") and "immutable" in answer[
        "Cache-Control"
    ]
    image = Image.open(io.BytesIO(answer.content))
    assert image.size == (1200, 630) and not image.getexif() and b"SecretCamera" not in answer.content
    page = visitor.get(f"/articles/{row.slug}/").content.decode()
    assert "<h2>Un</h2>" in page and 'alt="Un bureau"' in page and f"/articles/images/{row.cover_digest}.jpg" in page
    assert visitor.get("/articles/").content.decode().count("Écrire à un assistant") == 1
    change = f"/admin/website/article/{row.pk}/change/"
    assert (
        console.post(change, sent(slug=row.slug, remove_cover="on", published_at_0="", published_at_1="")).status_code
        == 302
    )
    assert visitor.get(f"/articles/{row.slug}/").status_code == 404
    assert visitor.get(f"/articles/images/{row.cover_digest}.jpg").status_code == 404
    assert console.post(f"/admin/website/article/{row.pk}/delete/").status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", ""), ("language", "de"), ("summary", "x" * 401), ("slug", "deux mots"), ("body", ""), ("title", "???")],
)
def test_a_wrong_article_is_refused_and_nothing_is_stored(console, field, value):
    answer = console.post(ADD, sent(**{field: value}))
    assert answer.status_code == 200 and answer.context["adminform"].form.errors
    assert not Article.objects.exists()


def test_a_file_that_is_no_picture_is_refused(console):
    answer = console.post(ADD, sent(new_cover=SimpleUploadedFile("x.png", b"GIF89a no", "image/png")))
    assert "new_cover" in answer.context["adminform"].form.errors and not Article.objects.exists()


def test_an_address_is_that_of_one_article(console):
    article("ecrire-a-un-assistant")
    assert "slug" in console.post(ADD, sent()).context["adminform"].form.errors


def test_a_translation_is_of_an_original_in_another_language(console):
    original = article()
    translated = article("first", language="en", translation_of=original)
    for language, of in (("fr", original), ("en", translated)):
        answer = console.post(ADD, sent(language=language, translation_of=str(of.pk)))
        assert "translation_of" in answer.context["adminform"].form.errors
    assert Article.objects.count() == 2


@pytest.mark.parametrize("published_at", [None, timezone.now() + timedelta(days=1)], ids=["draft", "scheduled"])
def test_what_is_not_published_is_nowhere_but_in_the_preview(visitor, console, published_at):
    row = article("cache", title="Secret", published_at=published_at)
    for path in ("/articles/cache/", "/apercu/article-cache/0.png"):
        assert visitor.get(path).status_code == 404
    for path in ("/articles/", "/articles/fr.xml", "/sitemap.xml"):
        answer = visitor.get(path)
        assert answer.status_code == 200 and "cache" not in answer.content.decode().split("<main")[-1]
    preview = console.get(f"/admin/website/article/{row.pk}/preview/").content.decode()
    assert "Aperçu." in preview and "noindex" in preview and "Secret" in preview
    assert visitor.get(f"/admin/website/article/{row.pk}/preview/").status_code in (302, 404)


def test_a_published_article_for_search_engines_and_shares(visitor, settings):
    row = article()
    translated = article("first", language="en", title="A first article", translation_of=row)
    page = visitor.get("/articles/premier/?lang=en").content.decode()
    assert '<html lang="fr"' in page, "the page is in the article's language"
    base = settings.RUCHE_BASE_URL
    assert f'<link rel="canonical" href="{base}/articles/premier/">' in page
    for language, slug in (("fr", "premier"), ("en", "first")):
        assert f'<link rel="alternate" hreflang="{language}" href="{base}/articles/{slug}/">' in page
    assert page.count("hreflang=") == 3 and "Read in English" in page
    assert 'property="og:type" content="article"' in page and "<script>x" not in page
    [data] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    data = json.loads(data)
    assert (data["@type"], data["headline"], data["inLanguage"]) == ("Article", row.title, "fr")
    card = re.search(r'og:image" content="[^"]*(/apercu/article-premier/\w+\.png)"', page)[1]
    assert visitor.get(card).status_code == 200
    assert translated.title in visitor.get("/articles/?lang=en").content.decode()
    assert translated.title not in visitor.get("/articles/?lang=fr").content.decode()
    tree = ET.fromstring(visitor.get("/sitemap.xml").content)
    places = {url[0].text: len(url) for url in tree}
    assert places[f"{base}/articles/premier/"] == places[f"{base}/articles/first/"] == 4


def test_the_feed_of_a_language_is_valid_xml(visitor):
    article()
    article("first", language="en", title="A first article")
    answer = visitor.get("/articles/fr.xml")
    assert answer["Content-Type"].startswith("application/atom+xml")
    tree = ET.fromstring(answer.content)
    [entry] = tree.findall(f"{ATOM}entry")
    assert entry.find(f"{ATOM}title").text == "Un <premier> article"
    assert visitor.get("/articles/de.xml").status_code == 404
    assert 'type="application/atom+xml"' in visitor.get("/articles/").content.decode()


def test_the_list_takes_few_queries_and_has_pages(visitor, django_assert_num_queries):
    for number in range(14):
        article(f"a{number}", title=f"Article {number}", published_at=timezone.now() - timedelta(days=number + 1))
    visitor.get("/articles/")
    with django_assert_num_queries(2):
        first = visitor.get("/articles/").content.decode()
    second = visitor.get("/articles/?page=2").content.decode()
    assert "Article 0<" in first and "Article 13<" not in first and "Article 13<" in second
    assert visitor.get("/articles/?page=x").status_code == 200


def test_day_and_time_of_publication_have_names_for_a_screen_reader(console):
    page = console.get(ADD).content.decode()
    assert 'aria-label="Jour de publication"' in page and 'aria-label="Heure de publication"' in page
