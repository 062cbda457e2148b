"""Account pages that allauth does not provide."""

from allauth.account.utils import perform_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from accounts.access import anyone
from accounts.handoff import redeem


@anyone
def login_shortcut(request: HttpRequest) -> HttpResponse:
    """Redirect `/login`, which users often type, to the sign-in page."""
    return redirect("account_login")


@anyone
@require_GET
def handoff(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in the person of a handoff (accounts/handoff.py). A used or expired one leads to the sign-in page.

    Whoever is signed in stays: a link from elsewhere cannot change the person of a session.
    """
    user = redeem(token)
    response: HttpResponse
    if request.user.is_authenticated:
        response = redirect("home")
    elif user is None:
        response = redirect("account_login")
    else:
        response = perform_login(request, user, redirect_url="/")
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response
