"""Pages of people that allauth does not have."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.access import anyone


@anyone
def login_shortcut(request: HttpRequest) -> HttpResponse:
    """`/login` is where people look first."""
    return redirect("account_login")
