"""Machine-readable files of each host: robots.txt, the sitemap, the web app manifest."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control

from accounts.access import anyone
from tenants.context import TenantRef, public_context
from tenants.platform import mark, platform
from ui.colour import hex_of
from ui.templatetags.ui import logo_icon_url
from website import articles
from website.models import Article

# URL names of the public pages in the sitemap.
SITEMAP_URL_NAMES = (
    "home",
    "pricing",
    "signup",
    "articles",
    "contact",
    "service_status",
    "find_workspaces",
    "legal_terms",
    "legal_notice",
    "privacy",
    "cookies",
    "dpa",
)
# A sitemap holds 50,000 addresses at most.
MAX_ARTICLES = 5_000
# Colours of the light theme (daisyUI) in sRGB, as manifests do not support OKLCH.
BACKGROUND_COLOR = "#ffffff"
THEME_COLOR = "#e3a52c"


@anyone
@cache_control(max_age=3600, public=True)
def robots(request: HttpRequest) -> HttpResponse:
    """Search engines may index the public site except the console and sign-in, and no workspace."""
    if request.tenant is not None:  # type: ignore[attr-defined]
        lines = ["User-agent: *", "Disallow: /"]
    else:
        lines = [
            "User-agent: *",
            "Disallow: /admin/",
            "Disallow: /accounts/",
            "Disallow: /stripe/",
            f"Sitemap: {settings.RUCHE_BASE_URL}{reverse('sitemap')}",
        ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@anyone
@cache_control(max_age=3600, public=True)
def sitemap(request: HttpRequest) -> HttpResponse:
    """URLs of the public pages, built from the settings because the request's Host is not trusted."""
    addresses = [f"{settings.RUCHE_BASE_URL}{reverse(name)}" for name in SITEMAP_URL_NAMES]
    languages = [code for code, _name in settings.LANGUAGES]
    with public_context():
        rows = list(articles.published().order_by("-published_at")[:MAX_ARTICLES])
    known = {row.pk: row for row in rows}
    groups: dict[Any, list[Article]] = {}
    for row in rows:
        groups.setdefault(row.translation_of_id if row.translation_of_id in known else row.pk, []).append(row)
    entries = [
        {
            "address": articles.address(row),
            "updated_at": row.updated_at,
            "alternates": [(each.language, articles.address(each)) for each in group] if len(group) > 1 else [],
        }
        for group in groups.values()
        for row in group
    ]
    context = {"addresses": addresses, "languages": languages, "articles": entries}
    page = loader.render_to_string("website/sitemap.xml", context)
    return HttpResponse(page, content_type="application/xml")


@anyone
@cache_control(max_age=31_536_000, public=True, immutable=True)
def platform_mark(request: HttpRequest, digest: str) -> HttpResponse:
    """The operator's square logo. The address names the content, so it is cached forever."""
    content = mark(digest)
    if content is None:
        raise Http404
    return HttpResponse(content, content_type="image/webp")


@anyone
@cache_control(max_age=3600, private=True)
def manifest(request: HttpRequest) -> JsonResponse:
    """Name and icons for installing the site on a home screen (W3C, Web Application Manifest)."""
    tenant = request.tenant  # type: ignore[attr-defined]
    name = tenant.name if tenant else platform().name
    content: dict[str, Any] = {
        "name": name,
        "short_name": name[:12].strip(),
        "description": _("Assistants d’IA et bibliothèque de contenus"),
        "lang": get_language(),
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "minimal-ui",
        "background_color": BACKGROUND_COLOR,
        "theme_color": THEME_COLOR if tenant is None or tenant.brand_hue is None else hex_of(tenant.brand_hue),
        "icons": _icons(tenant),
    }
    return JsonResponse(content, content_type="application/manifest+json", json_dumps_params={"ensure_ascii": False})


def _icons(tenant: TenantRef | None) -> list[dict[str, str]]:
    """The squares of the workspace's logo, else its initials (as SVG), else Ruche's."""
    if tenant and (tile := logo_icon_url(tenant.logo, "tile")):
        icon = {"src": logo_icon_url(tenant.logo, "icon"), "sizes": "192x192", "type": "image/png", "purpose": "any"}
        big = {"src": tile, "sizes": "512x512", "type": "image/png"}
        return [icon, big | {"purpose": "any"}, big | {"purpose": "maskable"}]
    ours = [
        _icon("icons/icon-192.png", 192, "any"),
        _icon("icons/icon-512.png", 512, "any"),
        _icon("icons/icon-maskable-512.png", 512, "maskable"),
    ]
    if tenant is None:
        return ours
    initials = f"{reverse('brand_icon')}?v={tenant.version}"
    return [{"src": initials, "sizes": "any", "type": "image/svg+xml", "purpose": "any"}, *ours]


def _icon(path: str, size: int, purpose: str) -> dict[str, str]:
    return {"src": static(path), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
