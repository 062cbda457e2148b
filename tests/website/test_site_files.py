"""robots.txt, sitemap, manifest, metadata of pages, and compression."""

import gzip
import json
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse

from website.compression import CompressionMiddleware
from website.site_files import SITEMAP_URL_NAMES

GZIP = {"Accept-Encoding": "gzip"}


def public(client_for, path, **headers):
    return client_for(None, host="localhost").get(path, headers=headers)


def test_robots_allows_the_public_site_except_the_console(client_for):
    lines = public(client_for, "/robots.txt").content.decode().splitlines()
    assert "Disallow: /admin/" in lines and "Disallow: /" not in lines
    assert f"Sitemap: {settings.RUCHE_BASE_URL}/sitemap.xml" in lines


def test_robots_disallows_workspaces(client_for):
    client = client_for(None)
    assert client.get("/robots.txt").content == b"User-agent: *\nDisallow: /\n"
    assert client.get("/sitemap.xml").status_code == 404
    assert '<meta name="robots" content="noindex">' in client.get("/accounts/login/").content.decode()


def test_sitemap_lists_each_public_page_once(client_for):
    answer = public(client_for, "/sitemap.xml")
    locations = [node.text for node in ElementTree.fromstring(answer.content).iter() if node.tag.endswith("loc")]
    assert answer["Content-Type"] == "application/xml"
    assert len(locations) == len(set(locations)) == len(SITEMAP_URL_NAMES)
    for address in locations:
        page = public(client_for, address.removeprefix(settings.RUCHE_BASE_URL)).content.decode()
        assert "noindex" not in page and f'<link rel="canonical" href="{address}">' in page


def test_public_page_has_link_preview_metadata(client_for):
    page = public(client_for, "/tarifs/").content.decode()
    assert '<meta property="og:title" content="Offres et tarifs · Ruche">' in page
    assert f'<meta property="og:image" content="{settings.RUCHE_BASE_URL}/apercu/pricing/' in page
    assert page.count('property="og:description"') == 1


def test_manifest_has_the_name_of_the_workspace(client_for, people):
    described = json.loads(client_for(None).get("/manifest.webmanifest").content)
    assert described["name"] == people.home.name and described["start_url"] == "/"
    assert {icon["purpose"] for icon in described["icons"]} == {"any", "maskable"}
    assert json.loads(public(client_for, "/manifest.webmanifest").content)["name"] == "Ruche"


def test_page_is_compressed_without_changes(client_for):
    plain = public(client_for, "/tarifs/")
    packed = public(client_for, "/tarifs/", **GZIP)
    assert "Content-Encoding" not in plain and packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"] and len(packed.content) < len(plain.content) / 2
    assert gzip.decompress(packed.content).decode()[:15] == "<!doctype html>"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (StreamingHttpResponse(["data: x\n\n"] * 500, content_type="text/event-stream"), "held back until it ends"),
        (StreamingHttpResponse(["x" * 5_000], content_type="text/plain"), "a file"),
        (HttpResponse(b"x" * 5_000, content_type="image/png"), "compressed already"),
        (HttpResponse(b"x" * 100, content_type="text/html"), "too small"),
        (HttpResponse(b"x" * 5_000, content_type="text/css", headers={"Content-Encoding": "br"}), "compressed already"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_streams_downloads_and_small_responses_are_not_compressed(answer, why, rf):
    before = answer.get("Content-Encoding")
    response = CompressionMiddleware(lambda request: answer)(rf.get("/", headers=GZIP))
    assert response.get("Content-Encoding") == before
