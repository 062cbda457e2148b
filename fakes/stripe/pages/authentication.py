"""The bank's page: two buttons."""

from fakes.stripe.billing import payments
from fakes.stripe.errors import card_error, invalid
from fakes.stripe.pages import checkout as checkout_page
from fakes.stripe.pages import html, portal_acts
from fakes.stripe.resources import setup_intents
from fakes.stripe.wire import Answer, Request, redirect
from fakes.stripe.world import Object, World

QUESTION = """<form class="card" method="post"><p>Votre banque (simulée) demande votre accord.</p><p>
<button name="do" value="grant">Autoriser</button> <button class="plain" name="do" value="refuse">Refuser</button></p>
</form>"""


def checkout(world: World, request: Request, id_: str) -> Answer:
    """In the middle of a checkout: then what was filled in is sent again."""
    session = world.get("checkout.session", id_)
    form = world.keep(id_).get("form")
    if form is None or session["status"] != "open":
        raise invalid("Cette authentification n’est plus attendue.")
    if request.method != "POST":
        return html.page("Authentification", QUESTION)
    del world.keep(id_)["form"]
    if request.form.get("do") != "grant":
        said = html.french(card_error("authentication_failure"))
        return checkout_page.filled(world, session, form, said, status=402)
    return checkout_page.submitted(world, session, form, authenticated=True)


def intent(world: World, request: Request, id_: str) -> Answer:
    """Of a payment or a setup that waits for it; back to its `return_url`."""
    kind = "setup_intent" if id_.startswith("seti") else "payment_intent"
    waiting = world.get(kind, id_)
    if waiting["status"] != "requires_action":
        raise invalid("Cette authentification n’est plus attendue.")
    if request.method != "POST":
        return html.page("Authentification", QUESTION)
    back = waiting["next_action"]["redirect_to_url"]["return_url"]
    granted = request.form.get("do") == "grant"
    if kind == "payment_intent":
        payments.authenticated(world, waiting, granted=granted)
    elif granted:
        setup_intents.confirm(world, waiting, world.objects[waiting["payment_method"]], authenticated=True)
        portal_acts.becomes_default(world, waiting)
    else:
        setup_intents.refuse(world, waiting, "authentication_failure")
    if back:
        return redirect(_with(back, waiting))
    said = "C’est fait." if granted else "L’authentification a été refusée."
    return html.page("Authentification", html.note(said))


def _with(back: str, waiting: Object) -> str:
    word = waiting["object"]
    joined = "&" if "?" in back else "?"
    secret = waiting["client_secret"]
    return f"{back}{joined}{word}={waiting['id']}&{word}_client_secret={secret}&redirect_status={waiting['status']}"
