"""The billing portal: subscription, payment method, details, invoices; and flows that lead straight to one of them."""

from collections.abc import Callable

from fakes.stripe.errors import StripeError, invalid
from fakes.stripe.pages import html, portal_acts, portal_parts
from fakes.stripe.wire import Answer, Request, redirect
from fakes.stripe.world import Object, World

SESSION, CONFIGURATION = "billing_portal.session", "billing_portal.configuration"
HOUR = 3600
# What is done -> the feature that must be on for it.
ACTS: dict[str, tuple[Callable[..., str | None], str]] = {
    "method": (portal_acts.change_method, "payment_method_update"),
    "details": (portal_acts.change_details, "customer_update"),
    "cancel": (portal_acts.cancel, "subscription_cancel"),
    "resume": (portal_acts.resume, "subscription_cancel"),
    "switch": (portal_acts.switch, "subscription_update"),
}
# A flow shows one part only, and ends where it says.
FLOWS = {
    "payment_method_update": "method",
    "subscription_cancel": "cancel",
    "subscription_update": "switch",
    "subscription_update_confirm": "switch",
    "customer_update": "details",
}


def answer(world: World, request: Request, key: str) -> Answer:
    session = world.get(SESSION, world.keep(key).get("session", ""))
    if world.now_for(session) > session["created"] + HOUR:
        return html.page("Lien expiré", html.note("Ce lien n’est plus valable. Demandez-en un autre."), status=410)
    features = world.objects[session["configuration"]]["features"]
    if request.method != "POST":
        return shown(world, session, features)
    act = request.form.get("do", "")
    if act not in ACTS or not features[ACTS[act][1]]["enabled"]:
        raise invalid("Cela n’est pas permis ici.")
    try:
        on_the_way = ACTS[act][0](world, session, features, request.form)
    except StripeError as error:
        return shown(world, session, features, html.french(error))
    return redirect(on_the_way or _after(session, act))


def _after(session: Object, act: str) -> str:
    """Where somebody goes once it is done: as the flow says, else back to the portal."""
    flow = session["flow"]
    if flow and FLOWS.get(flow["type"]) == act:
        after = flow["after_completion"]
        if after["type"] == "redirect":
            return str(after["redirect"]["return_url"])
    return str(session["url"])


def shown(world: World, session: Object, features: Object, problem: str = "") -> Answer:
    only = FLOWS.get(session["flow"]["type"]) if session["flow"] else None
    parts = [html.problem(problem)]
    for name, part in portal_parts.PARTS:
        feature = ACTS[name][1] if name in ACTS else "invoice_history"
        if features[feature]["enabled"] and only in (None, name):
            parts.append(part(world, session, features))
    if not only:
        parts.append(portal_parts.invoices(world, session) if features["invoice_history"]["enabled"] else "")
    if session["return_url"]:
        parts.append(f'<p><a class="button plain" href="{html.esc(session["return_url"])}">Revenir</a></p>')
    return html.page("Votre abonnement", "".join(parts))
