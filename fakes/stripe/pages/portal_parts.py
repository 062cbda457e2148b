"""The parts of the portal's page."""

from collections.abc import Callable

from fakes.stripe.billing import subscriptions
from fakes.stripe.pages import html
from fakes.stripe.pages.documents import STATES
from fakes.stripe.world import Object, World

WORDS = {
    "active": "actif",
    "trialing": "à l’essai",
    "past_due": "paiement en retard",
    "unpaid": "impayé",
    "incomplete": "paiement à terminer",
    "paused": "en pause",
}
REASONS = {
    "too_expensive": "Trop cher",
    "missing_features": "Il manque des fonctions",
    "switched_service": "Je change de service",
    "unused": "Je ne m’en sers pas",
    "customer_service": "Le service client",
    "too_complex": "Trop compliqué",
    "low_quality": "La qualité",
    "other": "Autre raison",
}


def running(world: World, session: Object) -> list[Object]:
    """The customer's subscriptions that are not over; of a flow, the one it names."""
    flow = session["flow"] or {}
    named = (flow.get(flow.get("type", "")) or {}).get("subscription")
    owned = world.find("subscription", customer=session["customer"])
    return [
        subscription
        for subscription in owned
        if subscription["status"] not in subscriptions.OVER and named in (None, subscription["id"])
    ]


def _about(world: World, subscription: Object) -> str:
    rows = ""
    for item in subscriptions.items_of(world, subscription):
        price = world.objects[item["price"]]
        each = f"{html.money(price['unit_amount'] or 0, price['currency'])} {html.every(price['recurring'])}"
        name = html.esc(world.objects[price["product"]]["name"])
        rows += f'<tr><td>{name} × {item["quantity"]}</td><td class="amount">{each}</td></tr>'
    end = html.date(subscriptions.period_end(world, subscription))
    said = (
        f"Prend fin le {html.date(subscription['cancel_at'])}."
        if subscription["cancel_at"]
        else f"Prochaine échéance le {end}."
    )
    return f"<table>{rows}</table><p>État : {WORDS.get(subscription['status'], subscription['status'])}. {said}</p>"


def cancel(world: World, session: Object, features: Object) -> str:
    """What runs, and the button that ends it or lets it go on."""
    parts = ""
    settings = features["subscription_cancel"]
    for subscription in running(world, session):
        if subscription["cancel_at_period_end"]:
            form = _form("resume", subscription, "<p><button>Ne pas résilier</button></p>")
        else:
            when = "à la fin de la période" if settings["mode"] == "at_period_end" else "maintenant"
            why = _why(settings["cancellation_reason"])
            form = _form("cancel", subscription, f'{why}<p><button class="plain">Résilier {when}</button></p>')
        parts += f"<section><h2>Abonnement</h2>{_about(world, subscription)}{form}</section>"
    return parts or html.note("Aucun abonnement en cours.")


def _why(settings: Object) -> str:
    if not settings["enabled"]:
        return ""
    options = "".join(f'<option value="{name}">{REASONS[name]}</option>' for name in settings["options"])
    return f'<label for="feedback">Pourquoi ?</label><select id="feedback" name="feedback">{options}</select>'


def _form(act: str, subscription: Object, inside: str) -> str:
    values = {"do": act, "subscription": subscription["id"]}
    hidden = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in values.items())
    return f'<form method="post">{hidden}{inside}</form>'


def switch(world: World, session: Object, features: Object) -> str:
    settings, parts = features["subscription_update"], ""
    flow = session["flow"] or {}
    for subscription in running(world, session):
        if flow.get("type") == "subscription_update_confirm":
            parts += _confirm(world, subscription, flow["subscription_update_confirm"]["items"])
            continue
        first = subscriptions.items_of(world, subscription)[0]
        offered = [world.objects[price] for product in settings["products"] or [] for price in product["prices"]]
        options = "".join(_option(world, price, current=price["id"] == first["price"]) for price in offered)
        if options:
            item = f'<input type="hidden" name="item" value="{first["id"]}">'
            inside = (
                f"{item}<fieldset><legend>Offre</legend>{options}</fieldset><p><button>Changer d’offre</button></p>"
            )
            parts += f"<section><h2>Changer d’offre</h2>{_form('switch', subscription, inside)}</section>"
    return parts


def _confirm(world: World, subscription: Object, items: list[Object]) -> str:
    rows = ""
    for item in items:
        price = world.objects[item["price"]] if item["price"] else None
        name = world.objects[price["product"]]["name"] if price else "Même offre"
        count = f" × {item['quantity']}" if item["quantity"] is not None else ""
        each = f"{html.money(price['unit_amount'] or 0)} {html.every(price['recurring'])}" if price else ""
        rows += f'<tr><td>{html.esc(name)}{count}</td><td class="amount">{each}</td></tr>'
    inside = _form("switch", subscription, "<p><button>Confirmer le changement</button></p>")
    return f"<section><h2>Confirmer le changement</h2><table>{rows}</table>{inside}</section>"


def _option(world: World, price: Object, *, current: bool) -> str:
    name = html.esc(world.objects[price["product"]]["name"])
    each = f"{html.money(price['unit_amount'] or 0, price['currency'])} {html.every(price['recurring'])}"
    checked = " checked" if current else ""
    word = " (actuelle)" if current else ""
    button = f'<input type="radio" name="price" value="{price["id"]}"{checked}>'
    return f'<label class="choice">{button} {name}, {each}{word}</label>'


def method(world: World, session: Object, _features: Object) -> str:
    customer = world.objects[session["customer"]]
    own = [
        subscription["default_payment_method"]
        for subscription in running(world, session)
        if subscription["default_payment_method"]
    ]
    id_ = (own or [customer["invoice_settings"]["default_payment_method"]])[0]
    now = html.method_name(world.objects.get(id_ or ""))
    fields = html.method_fields(["card", "sepa_debit"])
    return f"""<form class="card" method="post"><h2>Moyen de paiement</h2><p>Actuel : {html.esc(now)}</p>
<input type="hidden" name="do" value="method">{fields}<p><button>Remplacer</button></p></form>"""


def details(world: World, session: Object, features: Object) -> str:
    customer, allowed = world.objects[session["customer"]], features["customer_update"]["allowed_updates"]
    fields = ""
    if "name" in allowed:
        fields += html.text_field("name", "Nom ou raison sociale", customer["name"], autocomplete="name")
    if "email" in allowed:
        email = customer["email"]
        fields += html.text_field("email", "Adresse e-mail", email, type="email", autocomplete="email")
    if "phone" in allowed:
        fields += html.text_field("phone", "Téléphone", customer["phone"], type="tel", autocomplete="tel")
    if "address" in allowed:
        fields += html.address_fields(customer["address"], required=False)
    if "tax_id" in allowed:
        numbers = world.find("tax_id", customer=customer["id"])
        fields += html.text_field("tax_id", "Numéro de TVA", numbers[0]["value"] if numbers else "")
    return f"""<form class="card" method="post"><h2>Coordonnées de facturation</h2>
<input type="hidden" name="do" value="details">{fields}<p><button>Enregistrer</button></p></form>"""


def invoices(world: World, session: Object) -> str:
    rows = ""
    for subscription in reversed(world.find("invoice", customer=session["customer"])):
        if subscription["status"] == "draft":
            continue
        link = f'<a href="/i/{subscription["id"]}">{html.esc(subscription["number"])}</a>'
        total = html.money(subscription["total"], subscription["currency"])
        rows += (
            f"<tr><td>{link}</td><td>{html.date(subscription['created'])}</td><td>{STATES[subscription['status']]}</td>"
        )
        rows += f'<td class="amount">{total}</td></tr>'
    return f"<section><h2>Factures</h2><table>{rows or '<tr><td>Aucune facture.</td></tr>'}</table></section>"


PARTS: list[tuple[str, Callable[[World, Object, Object], str]]] = [
    ("cancel", cancel),
    ("switch", switch),
    ("method", method),
    ("details", details),
]
