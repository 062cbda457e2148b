"""Uploaded pages in a real browser: an origin of their own, without access to the product."""

import json
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Frame, Page

from tests.browser.conftest import Site, sign_in
from tests.library.samples import PDF, SVG

# Each try leaves what it got, or the name of the error that stopped it.
TRIES = """<!doctype html><html lang="fr"><head><title>Essais</title></head><body><h1>Une page</h1><pre id="told"></pre>
<script>
const told = {}
const attempt = (name, act) => { try { told[name] = String(act()) } catch (error) { told[name] = error.name } }
attempt("origin", () => self.origin)
attempt("cookie", () => document.cookie)
attempt("setCookie", () => { document.cookie = "taken=1" })
attempt("storage", () => localStorage.length)
attempt("session", () => sessionStorage.length)
attempt("parent", () => parent.document.title)
attempt("parentStorage", () => parent.localStorage.length)
attempt("frameElement", () => frameElement)
attempt("top", () => { top.location = "about:blank" })
attempt("topHref", () => top.location.href)
attempt("popup", () => window.open("about:blank"))
const ends = Promise.allSettled([
  fetch("PRODUCT/library/", {credentials: "include", mode: "no-cors"}),
  fetch(location.href),
  new Promise((done, fail) => Object.assign(new Image(), {onload: done, onerror: fail, src: "PRODUCT/favicon.ico"})),
]).then(all => { told.net = all.map(one => one.status).join() })
ends.then(() => {
  document.querySelector("#told").textContent = JSON.stringify(told)
  const form = Object.assign(document.createElement("form"), {method: "post", target: "_top"})
  form.action = "PRODUCT/accounts/logout/"
  document.body.append(form)
  try { form.submit() } catch {}
  document.title = "fini"
})
</script></body></html>"""


def bring(page: Page, site: Site, name: str, content: bytes, media_type: str) -> str:
    """Upload a file as a person does; the address of its item."""
    page.goto(f"{site.demo}/library/upload/")
    page.set_input_files("[name=file]", files=[{"name": name, "mimeType": media_type, "buffer": content}])
    page.click("form[data-upload] button.btn-primary")
    page.wait_for_url(lambda url: "/upload/" not in url and urlsplit(url).path.count("/") == 3)
    return page.url


def shown(page: Page) -> Frame:
    """The frame of the item's page, once it has loaded."""
    handle = page.wait_for_selector("iframe")
    frame = handle.content_frame() if handle else None
    assert frame
    frame.wait_for_load_state()
    return frame


def test_script_in_an_uploaded_page_cannot_reach_the_product(site, new_page):
    page = new_page()
    sign_in(page, site.demo, "member@demo.test")
    address = bring(page, site, "essais.html", TRIES.replace("PRODUCT", site.demo).encode(), "text/html")
    frame = shown(page)
    frame.wait_for_function("document.title == 'fini'")
    report = json.loads(frame.inner_text("#told"))
    refused = {"cookie", "setCookie", "storage", "session", "parent", "parentStorage", "top", "topHref"}
    assert {name: report[name] for name in refused} == dict.fromkeys(refused, "SecurityError")
    assert report["origin"] == "null" and report["frameElement"] in ("null", "SecurityError")
    assert report["popup"] == "null" and report["net"] == "rejected,rejected,rejected"
    page.wait_for_timeout(500)
    assert page.url == address
    # The person is still there, and nothing was left in the browser.
    page.reload()
    assert page.url == address and page.locator("h1").first.inner_text() == "essais"
    assert "taken" not in {cookie["name"] for cookie in page.context.cookies()}


def test_objects_have_separate_origins_and_urls_work_in_frames_only(site, new_page):
    page = new_page()
    sign_in(page, site.demo, "member@demo.test")
    hosts = []
    for name in ("un.html", "deux.html"):
        bring(page, site, name, b"<!doctype html><html><body><h1>Bonjour</h1></body></html>", "text/html")
        frame = shown(page)
        assert frame.inner_text("h1") == "Bonjour"
        hosts.append(urlsplit(frame.url).hostname)
    assert len(set(hosts)) == 2 and all(host.endswith(".content.localhost") for host in hosts)
    answer = page.goto(frame.url)
    assert answer.status == 404


def test_self_navigation_of_an_uploaded_page_is_blocked(site, new_page):
    page = new_page()
    sign_in(page, site.demo, "member@demo.test")
    leaving = b"<!doctype html><html><body><script>location = 'http://localhost:1/?secret'</script></body></html>"
    address = bring(page, site, "partir.html", leaving, "text/html")
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.reload()
    page.wait_for_timeout(1500)
    assert page.url == address and not [url for url in requested if "localhost:1/" in url]


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("dessin.svg", SVG, "image/svg+xml"),
        ("lettre.pdf", PDF, "application/pdf"),
        ("notes.xml", b'<?xml version="1.0"?><notes><note>Une brouette</note></notes>', "text/plain"),
    ],
)
def test_svg_and_pdf_are_shown_from_their_content_host(site, new_page, name, content, media_type):
    page = new_page()
    sign_in(page, site.demo, "member@demo.test")
    bring(page, site, name, content, media_type)
    with page.expect_response(lambda answer: ".content.localhost" in answer.url) as answered:
        page.reload()
    assert answered.value.status == 200 and answered.value.headers["content-type"].startswith(media_type)
    assert "set-cookie" not in answered.value.headers
    if media_type != "application/pdf":
        frame = shown(page)
        assert "brouette" in frame.locator("*").first.inner_html()
    # The name stays readable beside its buttons on a phone.
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.locator("main p", has_text=name).first.evaluate("name => name.scrollWidth <= name.clientWidth")
