"""What people see and click: checkout, authentication, portal, invoices. Plain French HTML, forms, no script."""

import re
from collections.abc import Callable

from fakes.stripe.errors import StripeError
from fakes.stripe.pages import authentication, checkout, documents, html, portal
from fakes.stripe.pages.overview import overview
from fakes.stripe.wire import Answer, Request
from fakes.stripe.world import World

Page = Callable[[World, Request, str], Answer]
PAGES: list[tuple[str, Page]] = [
    (r"/c/pay/([^/]+)$", checkout.answer),
    (r"/c/authenticate/([^/]+)$", authentication.checkout),
    (r"/authenticate/([^/]+)$", authentication.intent),
    (r"/p/session/([^/]+)(?:/.*)?$", portal.answer),
    (r"/i/([^/]+)$", documents.invoice),
    (r"/i/([^/]+)/pdf$", documents.invoice_pdf),
    (r"/credit_notes/([^/]+)/pdf$", documents.credit_note_pdf),
    (r"/receipts/([^/]+)$", documents.receipt),
]


def answer(world: World, request: Request) -> Answer:
    for pattern, page in PAGES:
        if match := re.match(pattern, request.path):
            try:
                return page(world, request, match[1])
            except StripeError as error:
                return html.page("Introuvable", html.note(html.french(error)), status=error.status)
    return html.page("Introuvable", html.note("Cette page n’existe pas."), status=404)


__all__ = ["answer", "overview"]
