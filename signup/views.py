"""Pages of sign-up on the public host: the form, the code, the first password; and "find my workspaces"."""

from typing import Any, Final
from uuid import UUID, uuid4

from csp.decorators import csp_update
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import anyone, anyone_choosing_a_password
from accounts.http import client_ip
from signup import limits, proof, services, slugs
from signup.directory import send_workspaces
from signup.forms import AddressForm, CodeForm, OpenForm, SignupForm
from tenants.queue import enqueue
from tenants.selectors import tenant_url

# Error code of `tenant_create` -> field of the form.
FIELD_BY_ERROR_CODE: Final = {
    "name_required": "workspace",
    "name_length": "workspace",
    "control_characters": "workspace",
    "slug_length": "slug",
    "slug_shape": "slug",
    "slug_reserved": "slug",
    "slug_taken": "slug",
}
# The form of `open_workspace` leads to the new workspace's host.
_WORKSPACES: Final = f"{settings.BASE_SCHEME}://*.{settings.BASE_HOST}{settings.BASE_PORT}"


@anyone
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def signup(request: HttpRequest) -> HttpResponse:
    """The form. After it, the page of the code, whatever is known of the address."""
    if request.method != "POST":
        return _signup_page(request, SignupForm(initial=_initial(request)))
    form = SignupForm(request.POST)
    if not form.is_valid():
        return _signup_page(request, form, status=400)
    cleaned, ip = form.cleaned_data, client_ip(request)
    request_id: UUID = cleaned["request_id"] or uuid4()
    wish = services.Wish(
        email=cleaned["email"],
        name=cleaned["name"],
        workspace=cleaned["workspace"],
        slug=cleaned["slug"],
        plan=cleaned["plan"],
        language=get_language() or settings.LANGUAGE_CODE,
        terms=form.terms.pk if form.terms else None,
        origin=ip or None,
        has_proof=False,
    )
    if not services.is_repeated(request_id, wish):
        wish = services.with_proof(wish, proof.accept(cleaned["proof"]))
        if not limits.may_request(ip, wish.email, has_proof=wish.has_proof):
            form.add_error(None, gettext("Trop de demandes en peu de temps : réessayez dans une heure."))
            return _signup_page(request, form, status=429)
        request_id = services.request_open(request_id, wish)
    return redirect("signup_code", request_id)


def _initial(request: HttpRequest) -> dict[str, Any]:
    """What was typed before, for who comes back from the page of the code; the plan of a link of the prices."""
    initial: dict[str, Any] = {"plan": request.GET.get("plan", "")[:40]}
    try:
        row = services.live_request(UUID(request.GET.get("demande", "")[:40]))
    except (ValueError, services.SignupExpired):
        return initial
    return initial | {
        "email": row.email,
        "name": row.name,
        "workspace": row.workspace,
        "slug": row.slug,
        "plan": row.plan_code,
    }


def _signup_page(request: HttpRequest, form: SignupForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "challenge": proof.new_challenge(), "note": _slug_note(form)}
    return render(request, "signup/signup.html", context, status=status)


def _slug_note(form: Any) -> dict[str, Any]:
    """The line under the address: `url` of a free one, or `problem` and `suggestion`."""
    if form.is_bound and form.errors.get("slug"):
        return {"suggestion": slugs.suggest(form["workspace"].value() or "")}
    slug = str(form["slug"].value() or "")
    return slug_state(slug, "") if slug else {}


def slug_state(slug: str, workspace: str) -> dict[str, Any]:
    """`url` of a free slug, or `problem` and, where another would do, `suggestion`."""
    problem = slugs.slug_problem(slug)
    if problem is None:
        return {"url": tenant_url(f"{slug}.{settings.BASE_HOST}")}
    return {"problem": problem.messages[0], "suggestion": slugs.suggest(workspace or slug)}


@anyone
@never_cache
@require_GET
def check_slug(request: HttpRequest) -> HttpResponse:
    """For htmx: the note under the address while it is typed; the address itself while the name is, if untouched."""
    workspace, slug, suggested = (request.GET.get(key, "").strip()[:120] for key in ("workspace", "slug", "suggested"))
    slug = slug.lower()
    is_box = request.headers.get("HX-Trigger-Name") == "workspace"
    if not limits.may_check(client_ip(request)):
        note: dict[str, Any] = {"problem": gettext("L’adresse sera vérifiée à l’envoi.")}
        is_box = False
    else:
        if is_box and slug in ("", suggested):
            slug = suggested = slugs.suggest(workspace)
        note = slug_state(slug, workspace) if slug else {}
    if not is_box:
        return render(request, "signup/_slug_note.html", {"note": note})
    form = SignupForm(initial={"slug": slug, "suggested": suggested})
    return render(request, "signup/_slug.html", {"note": note, "form": form})


@anyone
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def enter_code(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """The page after the form: the code of the mail, or another mail."""
    try:
        row = services.live_request(request_id)
        if request.method != "POST":
            return _code_page(request, row, CodeForm())
        if "resend" in request.POST:
            is_sent = services.code_resend(request_id)
            status = 200 if is_sent else 429
            return _code_page(request, row, CodeForm(), status=status, is_sent=is_sent, is_refused=not is_sent)
        form = CodeForm(request.POST)
        if form.is_valid():
            if services.code_check(request_id, form.cleaned_data["code"]):
                return redirect("signup_open", services.link_token(request_id))
            form.add_error("code", gettext("Ce code n’est pas le bon, ou il ne vaut plus : demandez-en un autre."))
        return _code_page(request, row, form, status=400)
    except services.SignupExpired:
        return _expired(request)


def _code_page(request: HttpRequest, row: Any, form: CodeForm, status: int = 200, **context: Any) -> HttpResponse:
    return render(request, "signup/code.html", {"row": row, "form": form, **context}, status=status)


def _expired(request: HttpRequest) -> HttpResponse:
    return render(request, "signup/expired.html", status=410)


@anyone_choosing_a_password
@csp_update({"form-action": [_WORKSPACES]})  # type: ignore[untyped-decorator]
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def open_workspace(request: HttpRequest, token: str) -> HttpResponse:
    """The page of the link, in any browser: a password, and the workspace is there. GET changes nothing."""
    try:
        row = services.request_of_link(token)
        is_done = row.tenant_id is not None
        if request.method != "POST" and is_done:
            raise services.SignupDone(services.tenant_of(row))
        options: dict[str, Any] = {"email": row.email, "name": row.name, "is_done": is_done}
        if request.method != "POST":
            form = OpenForm(initial={"workspace": row.workspace, "slug": row.slug}, **options)
            return _open_page(request, row, form)
        form = OpenForm(request.POST, **options)
        if not form.is_valid():
            return _open_page(request, row, form, status=400)
        values = {key: form.cleaned_data[key] for key in ("workspace", "slug", "password")}
        try:
            response = redirect(services.workspace_open(row.pk, **values))
        except ValidationError as error:
            for field_error in error.error_list:
                form.add_error(FIELD_BY_ERROR_CODE.get(field_error.code or ""), field_error)
            return _open_page(request, row, form, status=400)
        response["Referrer-Policy"] = "no-referrer"
        return response
    except services.SignupExpired:
        return _expired(request)
    except services.SignupDone as done:
        url = services.sign_in_url(done.tenant) if done.tenant else reverse("signup")
        return render(request, "signup/done.html", {"tenant_opened": done.tenant, "url": url}, status=410)


def _open_page(request: HttpRequest, row: Any, form: OpenForm, status: int = 200) -> HttpResponse:
    context = {"row": row, "form": form, "note": _slug_note(form)}
    return render(request, "signup/open.html", context, status=status)


@anyone
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def find_workspaces(request: HttpRequest) -> HttpResponse:
    """Mail the workspaces of an address to it. The page says the same whether there are any or none."""
    form = AddressForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "signup/find.html", {"form": form}, status=400 if form.is_bound else 200)
    email = form.cleaned_data["email"]
    if not limits.may_search(client_ip(request), email):
        form.add_error(None, gettext("Trop de demandes en peu de temps : réessayez dans une heure."))
        return render(request, "signup/find.html", {"form": form}, status=429)
    enqueue(send_workspaces, address=email, language=get_language() or settings.LANGUAGE_CODE)
    return render(request, "signup/find.html", {"sent_to": email})
