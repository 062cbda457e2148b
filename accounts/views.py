"""Account pages that allauth does not provide."""

from typing import Any, Final
from uuid import UUID

from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from accounts import avatars
from accounts.access import EVERYBODY, access, anyone
from accounts.forms import AvatarForm, ProfileForm
from accounts.handoff import redeem
from accounts.http import MemberRequest
from accounts.profiles import profile_change
from tenants.admission import OUTSIDE
from tenants.pictures import PICTURE_HEADERS, PictureRefused

YEAR_SECONDS: Final = 31_536_000


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


@access(EVERYBODY)
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: MemberRequest) -> HttpResponse:
    """A person's own profile."""
    user = request.user
    initial = {"name": user.name, "language": user.language, "time_zone": user.time_zone}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=initial)
    if not form.is_valid():
        return _profile_page(request, form, status=422 if form.is_bound else 200)
    profile_change(user=user, **form.cleaned_data)
    language = user.language or request.tenant.language
    with translation.override(language):
        messages.success(request, _("Profil enregistré."))
    response = redirect("profile")
    # The cookie comes before the person's language (LanguageMiddleware), and may hold a former choice.
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
    return response


def _profile_page(
    request: MemberRequest, form: ProfileForm, *, avatar_form: AvatarForm | None = None, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "avatar_form": avatar_form or AvatarForm()}
    return render(request, "account/profile.html", context, status=status)


# The limit is above that of a picture, so that the form reports a file that is too large.
@access(EVERYBODY, body_limit=20_000_000, lane=OUTSIDE)
@require_POST
def avatar_change(request: MemberRequest) -> HttpResponse:
    """Bring a picture of oneself, or (`remove`) take it away."""
    if "remove" in request.POST:
        avatars.avatar_remove(user=request.user)
        messages.success(request, _("Photo retirée."))
        return redirect("profile")
    form = AvatarForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["avatar"]
        try:
            avatars.avatar_change(user=request.user, file=file, size=file.size)
            messages.success(request, _("Photo enregistrée."))
            return redirect("profile")
        except PictureRefused as refusal:
            form.add_error("avatar", str(refusal))
    user = request.user
    initial = {"name": user.name, "language": user.language, "time_zone": user.time_zone}
    return _profile_page(request, ProfileForm(initial=initial), avatar_form=form, status=422)


# The URL has the picture's random name: another picture is another URL.
@access(EVERYBODY, lane=OUTSIDE)
@require_safe
@cache_control(max_age=YEAR_SECONDS, private=True, immutable=True)
def avatar(request: MemberRequest, person_id: UUID, name: str) -> HttpResponse:
    """The picture of a person of this workspace, for its members."""
    content = avatars.read_avatar(request.tenant, person_id, name)
    if content is None:
        raise Http404
    return HttpResponse(content, content_type="image/webp", headers=PICTURE_HEADERS)
