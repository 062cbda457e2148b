"""An invoice as a page (with a way to pay it) and as a PDF; a receipt."""

from fakes.stripe.billing import invoices, payments, pending
from fakes.stripe.errors import StripeError
from fakes.stripe.pages import html, pdf
from fakes.stripe.resources import payment_methods
from fakes.stripe.wire import Answer, Request, redirect
from fakes.stripe.world import Object, World

STATES = {
    "draft": "Brouillon",
    "open": "À payer",
    "paid": "Payée",
    "void": "Annulée",
    "uncollectible": "Irrécouvrable",
}


def invoice(world: World, request: Request, id_: str) -> Answer:
    shown = world.get("invoice", id_)
    problem = ""
    if request.method == "POST" and shown["status"] == "open":
        try:
            return _pay(world, shown, request.form)
        except StripeError as error:
            problem = html.french(error)
    return _page(world, world.get("invoice", id_), problem)


def _pay(world: World, shown: Object, form: dict[str, str]) -> Answer:
    """By a new method, which stays the customer's."""
    customer = world.objects[shown["customer"]]
    method = payment_methods.make(world, html.method_of(form))
    payment_methods.attach(world, method, customer)
    paid = payments.intent_of(world, shown)
    back = f"{world.base}/i/{shown['id']}"
    result = payments.confirm(world, paid, method, return_url=back)
    if result == "authenticate":
        return redirect(paid["next_action"]["redirect_to_url"]["url"])
    if result not in ("ok", *payments.PENDING):
        raise payments.error_of(world, paid, result)
    subscription = invoices.subscription_of(world, shown)
    if subscription:
        with world.changing(subscription, "customer.subscription.updated"):
            subscription["default_payment_method"] = method["id"]
    return redirect(back)


def _page(world: World, shown: Object, problem: str) -> Answer:
    head = f"<p>{STATES[shown['status']]} · {html.date(shown['created'])} · {html.esc(shown['customer_name'])}</p>"
    body = html.problem(problem) + f"<section>{head}{html.lines_table(shown)}</section>"
    body += f'<p><a href="/i/{shown["id"]}/pdf">Télécharger le PDF</a></p>'
    paid = payments.payment_of(world, shown)
    status = world.objects[paid["payment"]["payment_intent"]]["status"] if paid else ""
    if status == "processing":
        body += html.note("Un prélèvement est en cours.")
    elif shown["status"] == "open":
        button = f"<p><button>Payer {html.money(shown['amount_remaining'], shown['currency'])}</button></p>"
        kinds = pending.METHODS if pending.is_of(world, shown) else ("card", "sepa_debit")
        body += f'<form class="card" method="post">{html.method_fields(list(kinds))}{button}</form>'
    return html.page(f"Facture {shown['number'] or '(brouillon)'}", body)


def invoice_pdf(world: World, _request: Request, id_: str) -> Answer:
    shown = world.get("invoice", id_)
    lines = [f"Facture {shown['number']}", "Stripe simulé", html.date(shown["created"]), str(shown["customer_name"])]
    for line in shown["lines"]["data"]:
        lines.append(f"{line['description']}   {html.money(line['amount'], line['currency'])}")
    lines.append(f"Total   {html.money(shown['total'], shown['currency'])}")
    return pdf.document(lines)


def credit_note_pdf(world: World, _request: Request, id_: str) -> Answer:
    note = world.get("credit_note", id_)
    return pdf.document([f"Avoir {note['number']}", "Stripe simulé", html.money(note["total"], note["currency"])])


def receipt(world: World, _request: Request, id_: str) -> Answer:
    paid = world.get("payment_intent", id_)
    said = f"{html.money(paid['amount_received'], paid['currency'])}, le {html.date(paid['created'])}."
    return html.page("Reçu", html.note(said))
