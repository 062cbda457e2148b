"""What is in the fake, and its clock, for somebody who tries by hand: `/_fake/`."""

from typing import Any

from fakes.stripe.pages import html
from fakes.stripe.wire import Answer
from fakes.stripe.world import Object, World

OUTCOMES = {
    "": "selon la carte",
    "insufficient_funds": "refusé : fonds insuffisants",
    "authenticate": "authentification demandée",
    "pending": "prélèvement en attente, puis payé",
    "pending_fail": "prélèvement en attente, puis refusé",
}
# The rest is in docs/stripe.md.
CARDS = {
    "4242 4242 4242 4242": "paie",
    "4000 0025 0000 3155": "demande une authentification, puis paie",
    "4000 0000 0000 0341": "est acceptée, puis refusée à chaque prélèvement",
    "4000 0000 0000 9995": "est refusée, faute de fonds",
    "FR14 2004 1010 0505 0001 3M02 606": "IBAN : en attente, puis payé",
}
INTRODUCTION = """<section><p>Ceci n’est pas Stripe : un simulateur sur cette machine, pour essayer l’achat à la main.
<strong>Aucun argent ne circule</strong>, aucune carte n’est débitée, rien n’est envoyé. N’entrez pas de vraie carte :
celles-ci suffisent, avec une date à venir et trois chiffres quelconques.</p>"""


def overview(world: World, deliveries: list[dict[str, Any]]) -> Answer:
    chosen = world.next_payments[0] if world.next_payments else ""
    options = "".join(
        f'<option value="{value}"{" selected" if value == chosen else ""}>{text}</option>'
        for value, text in OUTCOMES.items()
    )
    clock = f"""<form class="card" method="post"><h2>Le temps</h2><p>Nous sommes le {html.date(world.now())},
et le restons : ce qui est là vieillit d’autant de jours, et tout ce qui devait arriver entre-temps arrive.</p>
<div class="row">{html.text_field("advance", "Laisser passer (jours)", "1", type="number", min="0", step="any")}</div>
<p><button>Laisser passer</button></p></form>
<form class="card" method="post"><h2>Prochain paiement</h2><label for="next">Issue</label>
<select id="next" name="next">{options}</select><p><button>Retenir</button></p></form>"""
    rows = "".join(_subscription(world, thing) for thing in world.all("subscription"))
    bills = "".join(_invoice(thing) for thing in reversed(world.all("invoice")))
    sent = "".join(_delivery(thing) for thing in deliveries[-25:][::-1])
    cards = "".join(f"<tr><td>{number}</td><td>{description}</td></tr>" for number, description in CARDS.items())
    lists = _table("Abonnements", rows) + _table("Factures", bills) + _table("Derniers webhooks", sent)
    return html.page("Stripe simulé", f"{INTRODUCTION}<table>{cards}</table></section>{clock}{lists}")


def _table(title: str, rows: str) -> str:
    return f"<section><h2>{title}</h2><table>{rows or '<tr><td>Aucun pour l’instant.</td></tr>'}</table></section>"


def _subscription(world: World, thing: Object) -> str:
    customer = world.objects.get(thing["customer"]) or {}
    customer_name = customer.get("email") or thing["customer"]
    items = [world.objects[item["price"]] for item in world.find("subscription_item", subscription=thing["id"])]
    names = ", ".join(world.objects[price["product"]]["name"] for price in items)
    return f"<tr><td>{html.esc(customer_name)}</td><td>{html.esc(names)}</td><td>{thing['status']}</td></tr>"


def _invoice(thing: Object) -> str:
    link = f'<a href="/i/{thing["id"]}">{html.esc(thing["number"] or "brouillon")}</a>'
    total = html.money(thing["total"], thing["currency"])
    return f'<tr><td>{link}</td><td>{thing["status"]}</td><td class="amount">{total}</td></tr>'


def _delivery(thing: dict[str, Any]) -> str:
    last = thing["attempts"][-1]["status"] if thing["attempts"] else "—"
    return f"<tr><td>{html.esc(thing['type'])}</td><td>{thing['state']}</td><td>{last}</td></tr>"
