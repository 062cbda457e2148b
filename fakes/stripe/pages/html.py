"""The frame of each page, fields, amounts and dates in French."""

import html
from datetime import UTC, datetime

from fakes.stripe.errors import StripeError
from fakes.stripe.wire import Answer, as_page
from fakes.stripe.world import Object

STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#1a1f36, #e6e8ef); --soft: light-dark(#5a6178, #a9b0c5);
  --paper: light-dark(#fff, #1b1e2b); --ground: light-dark(#f4f5f9, #11131c); --line: light-dark(#d8dbe6, #363b50);
  --act: light-dark(#4b45c6, #8f8aff); --on-act: light-dark(#fff, #11131c); --bad: light-dark(#b3142c, #ff8f9e); }
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); }
.banner { background: #ffd84d; color: #1a1f36; padding: .5rem 1rem; text-align: center; margin: 0; }
.banner strong { text-transform: uppercase; letter-spacing: .04em; }
main { max-width: 42rem; margin: 2rem auto; padding: 0 1rem; }
section, form.card { background: var(--paper); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem;
  margin: 0 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; } h2 { font-size: 1.1rem; margin: 0 0 .75rem; }
table { width: 100%; border-collapse: collapse; } th, td { text-align: left; padding: .4rem 0; vertical-align: top; }
td + td { padding-left: .75rem; }
td.amount, th.amount { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.total td { border-top: 1px solid var(--line); font-weight: 600; }
label { display: block; margin: .75rem 0 .25rem; font-weight: 500; }
label.choice { font-weight: 400; }
input:not([type=radio]), select { width: 100%; padding: .6rem; font: inherit; color: inherit; background: var(--ground);
  border: 1px solid var(--soft); border-radius: .4rem; }
.row { display: flex; gap: .75rem; flex-wrap: wrap; } .row > * { flex: 1 1 8rem; }
button, a.button { display: inline-block; padding: .65rem 1.1rem; font: inherit; font-weight: 600; border-radius: .4rem;
  border: 1px solid var(--act); background: var(--act); color: var(--on-act); cursor: pointer; text-decoration: none; }
button.plain, a.plain { background: transparent; color: var(--act); }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
a { color: var(--act); } .soft { color: var(--soft); font-size: .9rem; }
.problem { border-left: 4px solid var(--bad); color: var(--bad); padding: .5rem .75rem; margin: 0 0 1rem; }
fieldset { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; padding: .75rem 1rem; }
"""
_MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
# Decline codes, as a person reads them.
REFUSALS = {
    "generic_decline": "Votre carte a été refusée.",
    "insufficient_funds": "Les fonds disponibles sur cette carte sont insuffisants.",
    "lost_card": "Votre carte a été refusée.",
    "expired_card": "Votre carte a expiré.",
    "incorrect_cvc": "Le code de sécurité de votre carte est incorrect.",
    "processing_error": "Une erreur est survenue pendant le paiement. Réessayez dans un instant.",
    "authentication_failure": "L’authentification a échoué. Choisissez un autre moyen de paiement ou réessayez.",
    "incorrect_number": "Le numéro de carte est incorrect.",
    "invalid_bank_account_iban": "Cet IBAN n’est pas valable.",
    "promotion_code_invalid": "Ce code n’est pas valable.",
    "promotion_code_inactive": "Ce code n’est plus valable.",
    "coupon_expired": "Ce code n’est plus valable.",
    "tax_id_invalid": "Ce numéro de TVA n’est pas valable.",
}
REFUSALS["payment_intent_authentication_failure"] = REFUSALS["authentication_failure"]


def page(title: str, body: str, status: int = 200) -> Answer:
    text = f"""<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>{esc(title)} · Stripe simulé</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<style>{STYLE}</style></head><body><p class="banner" role="note"><strong>Stripe simulé</strong> — aucun argent ne
circule, aucune donnée ne part. Carte d’essai : 4242 4242 4242 4242.</p><main><h1>{esc(title)}</h1>{body}</main></body>
</html>"""
    return as_page(text, status)


def esc(value: object) -> str:
    return html.escape("" if value is None else str(value), quote=True)


def french(error: StripeError) -> str:
    fields = error.fields
    for name in ("decline_code", "code"):
        if text := REFUSALS.get(str(fields.get(name))):
            return text
    return f"Refusé : {fields['message']}"


def problem(text: str) -> str:
    return f'<p class="problem" role="alert">{esc(text)}</p>' if text else ""


def note(text: str) -> str:
    return f"<section><p>{esc(text)}</p></section>"


def money(cents: int, currency: str = "eur") -> str:
    """1234567 becomes 12 345,67 €, with the spaces that French wants."""
    sign, cents = ("-" if cents < 0 else ""), abs(cents)
    units = f"{cents // 100:,}".replace(",", "\u202f")
    return f"{sign}{units},{cents % 100:02}\u00a0{'€' if currency == 'eur' else currency.upper()}"


def date(moment: int | None) -> str:
    if moment is None:
        return "—"
    day = datetime.fromtimestamp(moment, UTC)
    return f"{day.day if day.day > 1 else '1er'} {_MONTHS[day.month - 1]} {day.year}"


def every(recurring: Object) -> str:
    count, interval = recurring["interval_count"], recurring["interval"]
    word = {"day": "jour", "week": "semaine", "month": "mois", "year": "an"}[interval]
    if count == 1:
        return f"par {word}"
    return f"tous les {count} {word if word.endswith('s') else word + 's'}"


def text_field(name: str, label: str, value: object = "", **more: str) -> str:
    attributes = "".join(f' {key.replace("_", "-")}="{esc(item)}"' for key, item in more.items())
    field = f'<input id="{name}" name="{name}" value="{esc(value)}"{attributes}>'
    return f'<div><label for="{name}">{esc(label)}</label>{field}</div>'


def address_fields(address: Object | None, *, required: bool) -> str:
    address = address or {}
    must = {"required": "required"} if required else {}
    line1 = text_field("line1", "Adresse", address.get("line1"), autocomplete="address-line1", **must)
    code = text_field("postal_code", "Code postal", address.get("postal_code"), autocomplete="postal-code", **must)
    city = text_field("city", "Ville", address.get("city"), autocomplete="address-level2", **must)
    land = text_field(
        "country", "Pays (deux lettres)", address.get("country") or "FR", maxlength="2", autocomplete="country", **must
    )
    return f'{line1}<div class="row">{code}{city}{land}</div>'


def address_of(form: dict[str, str]) -> Object | None:
    names = ("city", "country", "line1", "line2", "postal_code", "state")
    address = {name: form.get(name) or None for name in names}
    return address if address["country"] else None


def method_fields(kinds: list[str]) -> str:
    """Card and debit; which one counts is what is chosen."""
    choices, parts = "", ""
    for index, kind in enumerate(kinds):
        word = {"card": "Carte bancaire", "sepa_debit": "Prélèvement SEPA"}.get(kind, kind)
        checked = " checked" if index == 0 else ""
        choices += (
            f'<label class="choice"><input type="radio" name="method" value="{esc(kind)}"{checked}> {word}</label>'
        )
        parts += _PARTS.get(kind, "")
    return f"<fieldset><legend>Moyen de paiement</legend>{choices}{parts}</fieldset>"


_PARTS = {
    "card": text_field("number", "Numéro de carte", "", inputmode="numeric", autocomplete="cc-number")
    + '<div class="row">'
    + text_field("expiry", "Expiration (MM/AA)", "12/34", autocomplete="cc-exp")
    + text_field("cvc", "Code de sécurité", "123", inputmode="numeric", autocomplete="cc-csc")
    + "</div>",
    "sepa_debit": text_field("iban", "IBAN (pour un prélèvement)", "", autocomplete="off"),
}


def method_of(form: dict[str, str]) -> Object:
    """What a payment method is made of, from the fields above."""
    if form.get("method") == "sepa_debit":
        return {"type": "sepa_debit", "sepa_debit": {"iban": form.get("iban", "")}}
    month, _slash, year = form.get("expiry", "12/34").partition("/")
    month, year = month.strip(), year.strip()
    card = {"number": form.get("number", ""), "exp_month": int(month) if month.isdigit() else 12}
    return {"type": "card", "card": {**card, "exp_year": 2000 + int(year) % 100 if year.isdigit() else 2034}}


def method_name(method: Object | None) -> str:
    if method is None:
        return "aucun"
    if method["type"] == "sepa_debit":
        return f"Prélèvement SEPA, compte se terminant par {method['sepa_debit']['last4']}"
    card = method["card"]
    return f"{card['brand'].capitalize()} se terminant par {card['last4']} ({card['exp_month']:02}/{card['exp_year']})"


def lines_table(invoice: Object, *, lines: bool = True) -> str:
    """Lines (or not), discounts, taxes and the total of an invoice or of a preview."""
    currency = invoice["currency"]
    shown = invoice["lines"]["data"] if lines else []
    rows = "".join(_row(line["description"], line["amount"], currency) for line in shown)
    rows += _row("Sous-total", invoice["subtotal"], currency, "total")
    off = sum(part["amount"] for part in invoice["total_discount_amounts"])
    rows += _row("Réduction", -off, currency) if off else ""
    for tax in invoice["total_taxes"]:
        inside = " (incluse)" if tax["tax_behavior"] == "inclusive" else ""
        rows += _row(f"TVA{inside}", tax["amount"], currency)
    rows += _row("Total", invoice["total"], currency, "total")
    if invoice["amount_due"] != invoice["total"]:
        rows += _row("Solde du compte appliqué", invoice["amount_due"] - invoice["total"], currency)
        rows += _row("À payer", invoice["amount_due"], currency, "total")
    return f"<table><tbody>{rows}</tbody></table>"


def _row(label: str, amount: int, currency: str, kind: str = "") -> str:
    return f'<tr class="{kind}"><td>{esc(label)}</td><td class="amount">{money(amount, currency)}</td></tr>'
