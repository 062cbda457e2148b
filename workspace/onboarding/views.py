"""The wizard of the first steps, its checklist on the home page, and the sample contents."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MANAGERS, access
from accounts.http import MemberRequest
from assistants.selectors import assistants_offered
from library.serving import allow_sources
from library.uploads import STORAGE
from plans.selectors import plan_of
from plans.types import AI_EUROS, TOKENS
from tenants.admission import OUTSIDE
from tenants.content.addresses import any_origin
from usage.selectors import gauges
from workspace import brand_form
from workspace.homes import quota_context
from workspace.onboarding import samples, services
from workspace.onboarding.steps import steps_context

BRING_BACK: Final = "onboarding_bring_back"


@access(MANAGERS)
@require_safe
def resume(request: MemberRequest) -> HttpResponse:
    """The first step that is not done; the end, if all are."""
    state = services.progress(request.tenant)
    if state is None:
        return redirect("home")
    if state.next_step:
        return redirect(f"onboarding_{state.next_step}")
    return _page(request, "onboarding/done.html", state)


def _page(
    request: MemberRequest, template: str, state: services.Progress | None = None, status: int = 200, **context: Any
) -> HttpResponse:
    state = state or services.progress(request.tenant)
    if state is None:
        return redirect("home")
    steps = steps_context(state)
    keys, step = [entry["key"] for entry in steps], template.removeprefix("onboarding/").removesuffix(".html")
    at = keys.index(step) if step in keys else len(keys)
    context |= {
        "steps": [entry | {"current": entry["key"] == step} for entry in steps],
        "step": steps[at] if at < len(steps) else None,
        "number": at + 1,
        "done_count": state.count,
        "has_samples": state.has_samples,
        "next_url": steps[at + 1]["url"] if at + 1 < len(steps) else reverse("home"),
        "is_last": at + 1 >= len(steps),
    }
    return render(request, template, context, status=status)


@access(MANAGERS, body_limit=10_000_000, lane=OUTSIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def identity(request: MemberRequest) -> HttpResponse:
    """Logo and colour, as in the settings."""
    form, is_saved = brand_form.handle(request)
    if is_saved:
        return redirect("onboarding_identity")
    status = 422 if request.method == "POST" else 200
    return _page(
        request, "onboarding/identity.html", status=status, form=form, proposals=brand_form.proposals(request.tenant)
    )


@access(MANAGERS)
@require_safe
def team(request: MemberRequest) -> HttpResponse:
    """Leads to the invitations."""
    return _page(request, "onboarding/team.html")


@access(MANAGERS)
@require_safe
def conversation(request: MemberRequest) -> HttpResponse:
    """A first question, ready to be sent; and the sample contents."""
    offered = assistants_offered()
    # What ends with a colon waits for a text of the person's own.
    texts = {assistant.pk: [text for text in assistant.starters if not text.endswith(":")] for assistant in offered}
    starters = [
        {"assistant": assistant, "text": _(texts[assistant.pk][0])} for assistant in offered if texts[assistant.pk]
    ]
    return _page(request, "onboarding/conversation.html", starters=starters[:4], is_offered=bool(offered))


@access(MANAGERS)
@require_safe
def file(request: MemberRequest) -> HttpResponse:
    """A first file for the library, with progress."""
    # The script puts the item's page into this document, whose policy stays in force (static/js/upload.js).
    return allow_sources(_page(request, "onboarding/file.html"), any_origin())


@access(MANAGERS)
@require_safe
def quotas(request: MemberRequest) -> HttpResponse:
    """The limits of the plan. The page says by itself that it was on the screen (`quotas_seen`)."""
    rows = [quota_context(gauge) for gauge in gauges(request.tenant, [TOKENS, AI_EUROS, STORAGE])]
    return _page(request, "onboarding/quotas.html", quotas=rows, plan_name=plan_of(request.tenant)["name"])


@access(MANAGERS)
@require_POST
def quotas_seen(request: MemberRequest) -> HttpResponse:
    """Sent by the page of the quotas when it is on the screen, or by its button."""
    services.quotas_seen()
    return HttpResponse(status=204) if request.htmx else redirect("onboarding")


@access(MANAGERS)
@require_POST
def put_away(request: MemberRequest) -> HttpResponse:
    """Take the checklist off the home page."""
    services.put_away(is_away=True)
    undo = f"undo:{reverse(BRING_BACK)}"
    messages.success(request, _("Les premiers pas sont rangés."), extra_tags=undo)
    return redirect("home")


@access(MANAGERS)
@require_POST
def bring_back(request: MemberRequest) -> HttpResponse:
    """Bring the checklist back."""
    services.put_away(is_away=False)
    return redirect("home")


@access(MANAGERS)
@require_POST
def samples_add(request: MemberRequest) -> HttpResponse:
    """Add the sample contents."""
    samples.samples_add(actor=request.user, language=request.LANGUAGE_CODE)
    messages.success(request, _("Des exemples sont dans vos conversations et dans la bibliothèque."))
    return redirect("home")


@access(MANAGERS)
@require_POST
def samples_remove(request: MemberRequest) -> HttpResponse:
    """Remove the sample contents; undone by adding them again."""
    _removed, remaining = samples.samples_remove(actor=request.user)
    if remaining:
        text = ngettext(
            "Exemples retirés, sauf %(count)s que vous avez repris : il est à vous.",
            "Exemples retirés, sauf %(count)s que vous avez repris : ils sont à vous.",
            remaining,
        )
        messages.success(request, text % {"count": remaining})
    else:
        messages.success(request, _("Exemples retirés."), extra_tags=f"undo:{reverse('samples_add')}")
    return redirect("home")
