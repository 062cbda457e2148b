"""Account pages that allauth does not provide."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.access import anyone


@anyone
def login_shortcut(request: HttpRequest) -> HttpResponse:
    """Redirect `/login`, which users often type, to the sign-in page."""
    return redirect("account_login")
