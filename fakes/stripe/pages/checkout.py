"""The checkout page: what is bought, who buys, how it is paid."""

from fakes.stripe.billing import checkouts
from fakes.stripe.errors import StripeError
from fakes.stripe.pages import html
from fakes.stripe.wire import Answer, Request, redirect
from fakes.stripe.world import Object, World

KIND = "checkout.session"


def answer(world: World, request: Request, id_: str) -> Answer:
    session = world.get(KIND, id_)
    if session["status"] != "open":
        return _over(session)
    form = request.form if request.method == "POST" else {}
    if request.method != "POST" or form.get("do") == "apply":
        return filled(world, session, form)
    return submitted(world, session, form)


def _over(session: Object) -> Answer:
    if session["status"] == "expired":
        return html.page("Session expirée", html.note("Cette page de paiement n’est plus valable."), status=410)
    return html.page("Déjà payé", html.note("Cette commande est terminée."), status=410)


def submitted(world: World, session: Object, form: dict[str, str], *, authenticated: bool = False) -> Answer:
    """Tries to complete it: on to the shop, to the bank, or back to the page with the reason."""
    try:
        checkouts.submit(world, session, _submission(world, session, form), authenticated=authenticated)
    except StripeError as error:
        codes = {error.fields.get("code"), error.fields.get("decline_code")}
        if "authentication_required" in codes and not authenticated:
            world.keep(session["id"])["form"] = form
            return redirect(f"/c/authenticate/{session['id']}")
        return filled(world, session, form, html.french(error), status=402)
    return redirect(session_address(world.objects[session["id"]]))


def session_address(session: Object) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _submission(world: World, session: Object, form: dict[str, str]) -> checkouts.Submission:
    customer = world.objects.get(session["customer"] or "") or {}
    due = checkouts.preview(world, session, form.get("code", ""))["amount_due"] if session["mode"] != "setup" else 0
    return checkouts.Submission(
        email=form.get("email") or customer.get("email") or "",
        name=form.get("name") or customer.get("name") or "",
        address=html.address_of(form),
        tax_id=form.get("tax_id", "").strip(),
        method=html.method_of(form) if checkouts.needs_method(world, session, due) else None,
        code=form.get("code", ""),
    )


def filled(world: World, session: Object, form: dict[str, str], problem: str = "", status: int = 200) -> Answer:
    """The page, with what was already written in it; never the card's number."""
    code, invoice = form.get("code", ""), None
    if session["mode"] != "setup":
        try:
            invoice = checkouts.preview(world, session, code)
        except StripeError as error:
            problem, code = problem or html.french(error), ""
            invoice = checkouts.preview(world, session)
    due = invoice["amount_due"] if invoice else 0
    parts = [html.problem(problem), _summary(world, session, invoice) if invoice else ""]
    # Said, as this page is also shown at the bank's address, once it refused.
    parts += [f'<form class="card" method="post" action="/c/pay/{session["id"]}">', _person(world, session, form)]
    if checkouts.needs_method(world, session, due):
        parts.append(html.method_fields(session["payment_method_types"]))
    parts.append(f'<p><button name="do" value="pay">{_verb(session, invoice)}</button></p>')
    # After the button that pays: the Enter key presses the first one.
    parts.append(f"{_promotion(session, code)}</form>")
    if session["cancel_url"]:
        parts.append(f'<p><a href="{html.esc(session["cancel_url"])}">Revenir sans payer</a></p>')
    title = "Enregistrer un moyen de paiement" if session["mode"] == "setup" else "Paiement"
    return html.page(title, "".join(parts), status=status)


def _verb(session: Object, invoice: Object | None) -> str:
    if invoice is None:
        return "Enregistrer"
    if not invoice["amount_due"]:
        return "Commencer l’essai" if invoice["total"] == 0 else "S’abonner"
    return f"S’abonner et payer {html.money(invoice['amount_due'], invoice['currency'])}"


def _summary(world: World, session: Object, invoice: Object) -> str:
    rows = ""
    for item in world.keep(session["id"])["items"]:
        price = world.objects[item["price"]]
        name = world.objects[price["product"]]["name"]
        each = f"{html.money(price['unit_amount'] or 0, price['currency'])} {html.every(price['recurring'])}"
        rows += f'<tr><td>{html.esc(name)} × {item["quantity"]}</td><td class="amount">{each}</td></tr>'
    trial = any(line["amount"] == 0 and "Trial" in (line["description"] or "") for line in invoice["lines"]["data"])
    end = invoice["lines"]["data"][0]["period"]["end"]
    said = f"<p>Essai gratuit jusqu’au {html.date(end)}, puis le prix ci-dessus.</p>" if trial else ""
    return (
        f"<section><h2>Votre commande</h2><table>{rows}</table>{said}{html.lines_table(invoice, lines=False)}</section>"
    )


def _promotion(session: Object, code: str) -> str:
    if not session["allow_promotion_codes"]:
        return ""
    field = html.text_field("code", "Code promotionnel", code, autocomplete="off")
    return f'{field}<p><button class="plain" name="do" value="apply" formnovalidate>Appliquer</button></p>'


def _person(world: World, session: Object, form: dict[str, str]) -> str:
    customer = world.objects.get(session["customer"] or "") or {}
    known = customer.get("email") or session["customer_email"]
    locked = {"readonly": "readonly"} if known else {}
    email = html.text_field(
        "email",
        "Adresse e-mail",
        form.get("email") or known,
        type="email",
        required="required",
        autocomplete="email",
        **locked,
    )
    name = html.text_field(
        "name",
        "Nom ou raison sociale",
        form.get("name") or customer.get("name"),
        required="required",
        autocomplete="name",
    )
    address = html.address_of(form) or customer.get("address")
    required = session["billing_address_collection"] == "required"
    parts = [email, name, html.address_fields(address, required=required)]
    if (session["tax_id_collection"] or {}).get("enabled"):
        must = {"required": "required"} if session["tax_id_collection"]["required"] == "if_supported" else {}
        parts.append(html.text_field("tax_id", "Numéro de TVA (facultatif)", form.get("tax_id"), **must))
    return "".join(parts)
