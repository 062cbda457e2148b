"""Structured data of the public pages (schema.org, JSON-LD). A data block is not run: the content policy allows it."""

import json
from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from tenants.platform import platform
from website.faq import QUESTIONS
from website.offers import Offer

CONTEXT: Final = "https://schema.org"
# In a script element, these could end it or begin a comment.
_ESCAPES: Final = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


def data_block(data: dict[str, Any]) -> SafeString:
    """The script element of an object of schema.org."""
    text = json.dumps({"@context": CONTEXT} | data, ensure_ascii=False).translate(_ESCAPES)
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308 - escaped above


def organization() -> dict[str, Any]:
    """The operator."""
    operator = platform()
    data: dict[str, Any] = {"@type": "Organization", "name": operator.name, "url": f"{settings.RUCHE_BASE_URL}/"}
    more = {"legalName": operator.legal_name, "email": operator.email, "vatID": operator.vat_number}
    data |= {key: value for key, value in more.items() if value}
    if operator.mark_url:
        data["logo"] = settings.RUCHE_BASE_URL + operator.mark_url
    return data


def faq_page() -> dict[str, Any]:
    """The questions and their answers."""
    entities = [
        {"@type": "Question", "name": str(question), "acceptedAnswer": {"@type": "Answer", "text": str(answer)}}
        for question, answer in QUESTIONS
    ]
    return {"@type": "FAQPage", "mainEntity": entities}


def product(offers: Iterable[Offer], description: str) -> dict[str, Any]:
    """The product with an offer for each plan and interval; prices without VAT, as the page says first."""
    return {
        "@type": "Product",
        "name": platform().name,
        "description": description,
        "brand": {"@type": "Brand", "name": platform().name},
        "offers": [entry for offer in offers for entry in _entries(offer)],
    }


def _entries(offer: Offer) -> list[dict[str, Any]]:
    prices = [("P1M", offer.month), *([("P1Y", offer.year)] if offer.year else [])]
    return [
        {
            "@type": "Offer",
            "name": offer.row.name,
            "url": f"{settings.RUCHE_BASE_URL}{reverse('signup')}?plan={offer.row.code}",
            "availability": f"{CONTEXT}/InStock",
            "price": str(price.excl_vat),
            "priceCurrency": "EUR",
            "priceSpecification": {
                "@type": "UnitPriceSpecification",
                "price": str(price.excl_vat),
                "priceCurrency": "EUR",
                "valueAddedTaxIncluded": False,
                "billingDuration": duration,
            },
        }
        for duration, price in prices
    ]
