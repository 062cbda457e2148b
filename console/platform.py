"""The console page of the platform: the operator's name, logo, contact and legal identity."""

import hashlib
import re
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from tenants.executors import give_back_connection
from tenants.models import Platform
from tenants.pictures import PictureRefused, square_webp
from tenants.platform import KEY, platform_change
from ui.console import NoDeleteAdmin
from ui.lines import Line

MAX_MARK_BYTES: Final = 2_000_000
MARK_SIDE: Final = 192
# Directive 2006/112/CE, article 215: a prefix of the country, then 2 to 13 characters.
_VAT_NUMBER: Final = re.compile(r"[A-Z]{2}[0-9A-Z+*]{2,13}")


def is_siren(text: str) -> bool:
    """Whether these are nine digits with a valid checksum (Luhn, ISO/IEC 7812-1)."""
    if not re.fullmatch(r"[0-9]{9}", text):
        return False
    doubled = [int(digit) * (1 + position % 2) for position, digit in enumerate(text)]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def is_vat_number(text: str) -> bool:
    """Whether the number is well formed; for France, with the checksum of its SIREN (BOFiP, TVA-DECLA-20-10-20)."""
    if not _VAT_NUMBER.fullmatch(text):
        return False
    if not re.fullmatch(r"FR[0-9]{11}", text):
        return True
    return int(text[2:4]) == (12 + 3 * (int(text[4:]) % 97)) % 97


class PlatformForm(forms.ModelForm):
    """The row of the platform. A new logo is cut square and re-encoded."""

    new_mark = forms.FileField(
        label=_("Nouveau logo"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text=_("PNG, JPEG ou WebP de 2 Mo au plus ; le centre est gardé en carré. Vide : le logo reste."),
    )
    remove_mark = forms.BooleanField(label=_("Revenir au logo de Ruche"), required=False, widget=UnfoldBooleanWidget)

    # Longer than the columns: people type spaces.
    siren = Line(label=_("SIREN"), max_length=20, required=False, widget=UnfoldAdminTextInputWidget)
    vat_number = Line(label=_("Numéro de TVA"), max_length=30, required=False, widget=UnfoldAdminTextInputWidget)

    class Meta:
        widgets: ClassVar = {
            name: UnfoldAdminTextareaWidget(attrs={"rows": 3, "maxlength": 400}) for name in ("address", "host_address")
        }

    def clean_siren(self) -> str:
        siren = re.sub(r"\s", "", self.cleaned_data["siren"])
        if siren and not is_siren(siren):
            raise ValidationError(_("Un SIREN compte neuf chiffres : relisez celui-ci."), code="siren")
        return siren

    def clean_vat_number(self) -> str:
        number = re.sub(r"[\s.]", "", self.cleaned_data["vat_number"]).upper()
        if number and not is_vat_number(number):
            raise ValidationError(_("Ce numéro de TVA intracommunautaire n’est pas valide."), code="vat_number")
        return number

    def clean_new_mark(self) -> Any:
        file = self.cleaned_data["new_mark"]
        if not file:
            return None
        if file.size > MAX_MARK_BYTES:
            raise ValidationError(_("Ce fichier est trop lourd : 2 Mo au plus."), code="size")
        give_back_connection()
        try:
            return square_webp(file, MARK_SIDE)
        except PictureRefused as error:
            raise ValidationError(str(error), code="picture") from error


@admin.register(Platform)
class PlatformAdmin(NoDeleteAdmin):
    """One row, which exists once it was saved: the list is its form."""

    form = PlatformForm
    fieldsets: ClassVar = (
        (_("Marque"), {"fields": ("name", "new_mark", "remove_mark")}),
        (
            _("Contact"),
            {
                "fields": ("email", "phone"),
                "description": _("Montré partout où une page ou un e-mail dit d’écrire à l’opérateur."),
            },
        ),
        (
            _("Identité légale"),
            {"fields": ("legal_name", "legal_form", "registry", "siren", "vat_number", "address", "director")},
        ),
        (_("Hébergement"), {"fields": ("host_name", "host_address", "host_phone")}),
    )

    def audit_targets(self, obj: Platform) -> list[str]:
        return [str(obj.pk), "platform"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return self.change_view(request, str(KEY), extra_context=extra_context)  # type: ignore[no-any-return]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Platform | None:
        """The row; one with the default values before it was first saved."""
        if object_id != str(KEY):
            return None
        row: Platform | None = Platform.objects.filter(pk=KEY).first()
        return row or Platform(pk=KEY)

    def save_model(self, request: HttpRequest, obj: Platform, form: Any, change: bool) -> None:
        content = form.cleaned_data.get("new_mark")
        if content or form.cleaned_data.get("remove_mark"):
            obj.mark = content or b""
            obj.mark_digest = hashlib.sha256(content).hexdigest()[:16] if content else ""
        platform_change(obj)

    def response_change(self, request: HttpRequest, obj: Platform) -> HttpResponse:
        super().response_change(request, obj)
        return redirect(request.path)
