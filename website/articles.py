"""Articles of the site: which are published, their languages, their feeds, what search engines read of them."""

import re
from typing import Any, Final

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext

from tenants.context import public_context
from tenants.platform import platform
from website.cards import card_url
from website.models import Article
from website.rich_text import rich_text

IN_FEED: Final = 20
COVER_WIDTH: Final = 1200
# Prefix of the page's name in the address of its picture for sharing.
CARD: Final = "article-"
# XML 1.0 has no other control characters than the tabulator and line breaks.
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def published(language: str | None = None) -> QuerySet[Article]:
    """The published articles, of one language or all, the latest first, without bodies and pictures."""
    rows = Article.objects.filter(published_at__lte=timezone.now()).defer("cover", "body")
    return rows if language is None else rows.filter(language=language)


def article(slug: str) -> Article | None:
    """A published article with its body."""
    with public_context():
        return Article.objects.filter(published_at__lte=timezone.now(), slug=slug).defer("cover").first()


def translations(row: Article) -> list[Article]:
    """Published articles that say the same in other languages, where a translation is linked."""
    root = row.translation_of_id or row.pk
    with public_context():
        rows = published().filter(Q(pk=root) | Q(translation_of=root)).exclude(language=row.language)
        return list(rows.order_by("language"))


def cover(digest: str) -> bytes | None:
    """The cover with this digest, of a published article or a draft; None for another."""
    with public_context():
        content = Article.objects.filter(cover_digest=digest).exclude(cover_digest="").values_list("cover", flat=True)
        return next((bytes(each) for each in content[:1]), None)


def address(row: Article) -> str:
    """The full address of an article, which is that of its language too."""
    return f"{settings.RUCHE_BASE_URL}{reverse('article', args=[row.slug])}"


def picture_url(row: Article) -> str:
    """The path of the picture shown where the article is shared: its cover, else its title drawn by the server."""
    if row.cover_digest:
        return reverse("article_cover", args=[row.cover_digest])
    return card_url(f"{CARD}{row.slug}", row.title)


def alternates(row: Article) -> list[tuple[str, str]]:
    """(language, address) of the article and its translations; empty without a translation."""
    others = translations(row)
    return [(each.language, address(each)) for each in (row, *others)] if others else []


def structured_data(row: Article) -> dict[str, Any]:
    """The article for search engines (schema.org)."""
    operator = platform()
    publisher: dict[str, Any] = {"@type": "Organization", "name": operator.name, "url": f"{settings.RUCHE_BASE_URL}/"}
    if operator.mark_url:
        publisher["logo"] = {"@type": "ImageObject", "url": settings.RUCHE_BASE_URL + operator.mark_url}
    author = {"@type": "Person", "name": row.author} if row.author else publisher
    return {
        "@type": "Article",
        "headline": row.title,
        "description": row.summary,
        "inLanguage": row.language,
        "datePublished": row.published_at.isoformat() if row.published_at else None,
        "dateModified": max(row.updated_at, row.published_at or row.updated_at).isoformat(),
        "image": [settings.RUCHE_BASE_URL + picture_url(row)],
        "author": author,
        "publisher": publisher,
        "mainEntityOfPage": address(row),
    }


def feed(language: str) -> str:
    """The latest articles of a language as Atom (RFC 4287)."""
    with public_context():
        rows = list(
            Article.objects.filter(published_at__lte=timezone.now(), language=language).defer("cover")[:IN_FEED]
        )
    site, name = settings.RUCHE_BASE_URL, platform().name
    document = Atom1Feed(
        title=_xml(gettext("Articles de %(name)s") % {"name": name}),
        link=f"{site}{reverse('articles')}?lang={language}",
        description="",
        language=language,
        feed_url=f"{site}{reverse('articles_feed', args=[language])}",
        author_name=_xml(name),
    )
    for row in rows:
        document.add_item(
            title=_xml(row.title),
            link=address(row),
            description=_xml(row.summary),
            content=_xml(str(rich_text(row.body))),
            pubdate=row.published_at,
            updateddate=max(row.updated_at, row.published_at or row.updated_at),
            unique_id=f"urn:uuid:{row.pk}",
            author_name=_xml(row.author) or None,
        )
    return document.writeString("utf-8")


def _xml(text: str) -> str:
    return _CONTROLS.sub("", text)
