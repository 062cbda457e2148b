"""The form of the brand, shown by the settings and by the first steps."""

from typing import Any

from django.contrib import messages
from django.utils.translation import gettext as _

from accounts.http import MemberRequest
from tenants.context import TenantRef
from tenants.pictures import PictureRefused
from ui.colour import hex_of
from workspace import services
from workspace.forms import BrandForm


def handle(request: MemberRequest) -> tuple[BrandForm, bool]:
    """The form, and whether what was sent is saved: the form itself, or `proposal`, a hue proposed from the logo."""
    tenant = request.tenant
    colour = "" if tenant.brand_hue is None else hex_of(tenant.brand_hue)
    initial = {"brand_hue": tenant.brand_hue, "brand_color": colour}
    if request.method == "POST" and "proposal" in request.POST:
        form = BrandForm(initial=initial)
        hue = _hue(request.POST["proposal"])
        if hue is not None:
            services.brand_change(actor=request.user, brand_hue=hue)
            messages.success(request, _("Couleur choisie."))
        return _for(tenant, form), hue is not None
    is_sent = request.method == "POST"
    form = BrandForm(request.POST if is_sent else None, request.FILES if is_sent else None, initial=initial)
    if form.is_valid():
        logo = form.cleaned_data["logo"]
        try:
            services.brand_change(
                actor=request.user,
                brand_hue=form.cleaned_data["brand_color"],
                logo=logo,
                size=logo.size if logo else 0,
                remove_logo=form.cleaned_data["remove_logo"],
            )
        except PictureRefused as refusal:
            form.add_error("logo", str(refusal))
        else:
            messages.success(request, _("Marque enregistrée."))
            return form, True
    return _for(tenant, form), False


def _for(tenant: TenantRef, form: BrandForm) -> BrandForm:
    if not tenant.logo:
        del form.fields["remove_logo"]
    return form


def _hue(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 3 and int(text) < 360 else None


def proposals(tenant: TenantRef) -> list[dict[str, Any]]:
    """The colours proposed from the logo: {hue, colour, current}."""
    return [
        {"hue": hue, "colour": hex_of(hue), "current": hue == tenant.brand_hue}
        for hue in services.brand_proposals(tenant)
    ]
