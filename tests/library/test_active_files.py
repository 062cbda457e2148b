"""Variants of HTML, SVG and XML that programs write: encodings, declarations, style sheets, prefixes."""

import io
import time

import pytest

from library import extraction
from library.models import FileText, Item
from library.sniffing import sniff
from library.types import UploadRefused
from tests.library.samples import ACTIVE, PAGE
from tests.library.test_contents import shown_to
from tests.tenants.notes import opened

SITEMAP = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url/></urlset>'


@pytest.mark.parametrize(("name", "shown"), [("page.html", "text/html"), ("data.xml", "text/plain")])
def test_utf16_with_a_byte_order_mark_is_accepted_shown_and_searchable(people, upload, client_for, name, shown):
    media_type, content = ACTIVE[name]
    item = upload(people.member, content.decode().encode("utf-16"), name)
    assert item.media_type == f"{media_type}; charset=utf-16"
    _tag, url = shown_to(client_for(people.member), item)
    assert opened(url)["Content-Type"] == f"{shown}; charset=utf-16"
    assert extraction.extract(item_id=str(item.pk)) == Item.Reading.DONE
    assert "brouette" in FileText.objects.get(item=item).text


@pytest.mark.parametrize(("content", "ending"), [(PAGE, "txt"), (PAGE, "svg"), (b"<script>x</script>", "html")])
def test_utf16_is_refused_where_utf8_would_be(content, ending):
    with pytest.raises(UploadRefused):
        sniff(io.BytesIO(content.decode().encode("utf-16")), ending)


def test_utf16_page_without_a_byte_order_mark_is_refused():
    with pytest.raises(UploadRefused):
        sniff(io.BytesIO(PAGE.decode().encode("utf-16-le")), "html")


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        ("xml", SITEMAP),
        ("xml", "<!-- flux -->\n<feed>x</feed>"),
        ("svg", '<?xml version="1.0"?>\n<?xml-stylesheet href="a.css"?>\n<!-- x --><svg width="1"/>'),
        ("svg", '<!-- x --><?xml-stylesheet href="a.css"?><svg width="1"/>'),
        ("svg", '<svg:svg xmlns:svg="http://www.w3.org/2000/svg"/>'),
    ],
)
def test_xml_without_declaration_and_svg_with_style_sheet_or_prefix_are_accepted(ending, text):
    assert sniff(io.BytesIO(text.encode()), ending).extension == ending


@pytest.mark.parametrize("text", ["<html>x</html>", "<svg onload=x>", "<svg:svg >", "<SCRIPT>x</SCRIPT>", "<?php x?>"])
def test_page_or_drawing_without_declaration_is_refused_as_xml(text):
    with pytest.raises(UploadRefused):
        sniff(io.BytesIO(text.encode()), "xml")


@pytest.mark.parametrize("ending", ["html", "svg"])
def test_many_declarations_are_judged_in_linear_time(ending):
    began = time.thread_time()
    with pytest.raises(UploadRefused):
        sniff(io.BytesIO(b"<?xml ?> <!-- -->" * 3_500 + b"<!x"), ending)
    assert time.thread_time() - began < 1
