"""Pages of the articles of the site: the list, one article, its cover, the feeds."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.access import anyone
from tenants.context import public_context
from website import articles, structured
from website.models import Article
from website.rich_text import rich_text

PER_PAGE = 12


@anyone
@require_safe
def article_list(request: HttpRequest) -> HttpResponse:
    """The published articles in the reader's language."""
    language = get_language() or settings.LANGUAGE_CODE
    with public_context():
        page = Paginator(articles.published(language), PER_PAGE).get_page(request.GET.get("page"))
        context = {"page": page, "rows": list(page.object_list), "feed_language": language}
    return render(request, "website/articles.html", context)


@anyone
@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """One article, with the whole page in its language."""
    row = articles.article(slug)
    if row is None:
        raise Http404
    return article_page(request, row)


def article_page(request: HttpRequest, row: Article, *, is_preview: bool = False) -> HttpResponse:
    """The page of an article; `is_preview`: for the operator, before it is published."""
    translation.activate(row.language)
    request.LANGUAGE_CODE = row.language
    context = {
        "article": row,
        "html": rich_text(row.body),
        "is_preview": is_preview,
        "translations": articles.translations(row),
        "alternates": articles.alternates(row),
        "address": articles.address(row),
        "feed_language": row.language,
        "card_url": articles.picture_url(row),
        "social_type": "article",
        "structured": [] if is_preview else [structured.data_block(articles.structured_data(row))],
    }
    return render(request, "website/article.html", context)


@anyone
@require_safe
@cache_control(max_age=31_536_000, public=True, immutable=True)
def article_cover(request: HttpRequest, digest: str) -> HttpResponse:
    """The cover of an article. The address names the content, so it is cached forever."""
    content = articles.cover(digest)
    if content is None:
        raise Http404
    return HttpResponse(content, content_type="image/jpeg")


@anyone
@require_safe
@cache_control(max_age=600, public=True)
def articles_feed(request: HttpRequest, language: str) -> HttpResponse:
    """The Atom feed of a language."""
    if language not in dict(settings.LANGUAGES):
        raise Http404
    with translation.override(language):
        content = articles.feed(language)
    return HttpResponse(content, content_type="application/atom+xml; charset=utf-8")
