"""Landing page and prices: figures of the catalogue, both taxes, structured data, pictures for sharing, languages."""

import io
import json
import re
from decimal import Decimal

from PIL import Image

from plans.models import Plan
from tenants.context import public_context
from tenants.models import Platform
from tenants.platform import platform_change
from website.offers import offers, shown_price, vat_percent


def page(client_for, path, **headers):
    return client_for(None, host="localhost").get(path, headers=headers).content.decode()


def structured(html):
    blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html)
    return {block["@type"]: block for block in map(json.loads, blocks)}


def test_prices_are_those_of_the_catalogue_without_and_with_vat(client_for):
    with public_context():
        Plan.objects.filter(pk="pro").update(month_price=Decimal("149.50"), year_price=1490)
    assert vat_percent() == 20
    html = re.sub(r"\s", " ", page(client_for, "/tarifs/"))
    # Euros are shown whole without VAT, to the cent with it.
    assert "179,40" in html and "1 788" in html.replace("\u202f", " ")
    assert 'href="/inscription/?plan=pro"' in html
    offer = next(offer for offer in offers() if offer.row.pk == "pro")
    assert offer.saving == 12 * Decimal("149.50") - 1490


def test_a_price_with_vat_is_rounded_to_the_cent():
    price = shown_price(Decimal("29.99"))
    assert (price.excl_vat, price.incl_vat) == (Decimal("29.99"), Decimal("35.99"))


def test_structured_data_says_what_the_page_says(client_for):
    home, pricing = (structured(page(client_for, path)) for path in ("/", "/tarifs/"))
    assert home["Organization"]["name"] == "Ruche"
    assert len(home["FAQPage"]["mainEntity"]) == page(client_for, "/").count('<details class="group">')
    prices = {(entry["name"], entry["price"]) for entry in pricing["Product"]["offers"]}
    with public_context():
        plans = list(Plan.objects.filter(is_offered=True))
    assert prices == {(plan.name, f"{price:.2f}") for plan in plans for price in (plan.month_price, plan.year_price)}


def test_nothing_in_structured_data_ends_its_block(client_for):
    with public_context():
        Plan.objects.filter(pk="pro").update(name="</script><b>&")
    html = page(client_for, "/tarifs/")
    assert "</script><b>" not in html
    assert any(entry["name"] == "</script><b>&" for entry in structured(html)["Product"]["offers"])


def test_each_page_has_its_picture_and_another_version_is_not_drawn(client_for):
    html = page(client_for, "/")
    path = re.search(r'og:image" content="https?://[^/]+(/apercu/[^"]+)"', html)[1]
    visitor = client_for(None, host="localhost")
    answer = visitor.get(path)
    assert answer["Content-Type"] == "image/png" and "immutable" in answer["Cache-Control"]
    assert Image.open(io.BytesIO(answer.content)).size == (1200, 630)
    assert visitor.get("/apercu/home/0123456789ab.png").status_code == 404
    assert visitor.get("/apercu/other/0123456789ab.png").status_code == 404


def test_an_address_names_its_language_and_the_next_page_stays_in_it(client_for):
    visitor = client_for(None, host="localhost")
    english = visitor.get("/?lang=en").content.decode()
    assert '<html lang="en"' in english and 'rel="canonical" href="http' in english and "?lang=en" in english
    assert '<html lang="en"' in visitor.get("/tarifs/").content.decode()
    assert '<html lang="fr"' in visitor.get("/?lang=fr").content.decode()
    assert '<html lang="fr"' in page(client_for, "/?lang=xx")
    # In a workspace the choice is the person's.
    assert '<html lang="fr"' in client_for(None).get("/accounts/login/?lang=en").content.decode()


def test_every_call_to_action_of_the_landing_page_leads_to_sign_up(client_for):
    html = page(client_for, "/")
    actions = re.findall(r'<a class="btn btn-primary[^"]*" href="([^"]+)"', html)
    assert len(actions) >= 5 and all(path.startswith("/inscription/") for path in actions)


def test_the_landing_page_asks_nothing_of_others(client_for):
    html = page(client_for, "/")
    sources = re.findall(r'(?:src|srcset|href)="(https?://[^"]+)"', html)
    assert all("://localhost" in source for source in sources)


class TestLandingKeptInMemory:
    """The content of the landing page is kept under a digest of what it shows."""

    def test_it_is_rendered_once(self, client_for, monkeypatch):
        first = page(client_for, "/")
        monkeypatch.setattr("website.views.QUESTIONS", ())
        assert main_of(page(client_for, "/")) == main_of(first)

    def test_a_change_of_the_catalogue_shows_at_once(self, client_for):
        assert "1 234" not in plain(page(client_for, "/"))
        with public_context():
            Plan.objects.filter(pk="pro").update(month_price=1234)
        assert "1 234" in plain(page(client_for, "/"))
        with public_context():
            Plan.objects.get(pk="pro").entitlements.filter(key="seats").update(limit=4321)
        assert "4 321" in plain(page(client_for, "/"))
        assert "4,321" in plain(page(client_for, "/?lang=en"))

    def test_a_change_of_the_operators_name_shows_at_once(self, client_for):
        page(client_for, "/")
        platform_change(Platform(name="Alvéole"))
        assert page(client_for, "/").count("Alvéole donne à votre équipe") == 1
        assert "Alvéole" in re.search(r"<footer.*</footer>", page(client_for, "/"), re.DOTALL)[0]

    def test_it_costs_a_single_query(self, client_for, django_assert_num_queries):
        page(client_for, "/")
        with django_assert_num_queries(1):
            page(client_for, "/")

    def test_nothing_of_a_visitor_is_kept(self, client_for):
        tokens = {re.search(r'"X-CSRFToken": "(\w+)"', page(client_for, "/"))[1] for _ in range(2)}
        assert len(tokens) == 2 and not any(token in main_of(page(client_for, "/")) for token in tokens)
        assert "csrf" not in main_of(page(client_for, "/"))


def main_of(html):
    return re.search(r"<main.*</main>", html, re.DOTALL)[0]


def plain(html):
    return re.sub(r"\s", " ", main_of(html))
