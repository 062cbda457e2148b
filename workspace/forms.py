"""What owners and admins say of their workspace."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from tenants.lines import Line
from workspace.services import LogoRefused, logo_type


class IdentityForm(forms.Form):
    name = Line(label=_("Nom de l’espace"), max_length=120)
    language = forms.ChoiceField(
        label=_("Langue"), choices=settings.LANGUAGES, help_text=_("Pour qui n’a pas choisi la sienne.")
    )
    brand_hue = forms.IntegerField(
        label=_("Couleur de la marque"),
        required=False,
        min_value=0,
        max_value=359,
        help_text=_("Une teinte de 0 à 359. Sa clarté est réglée pour que le texte reste lisible."),
    )
    logo = forms.FileField(
        label=_("Logo"), required=False, help_text=_("PNG, JPEG ou WebP, carré de préférence, 500 Ko au plus.")
    )
    remove_logo = forms.BooleanField(label=_("Retirer le logo"), required=False)

    def clean_logo(self) -> Any:
        logo = self.cleaned_data["logo"]
        if logo:
            try:
                logo_type(logo)
            except LogoRefused as error:
                raise forms.ValidationError(str(error)) from error
        return logo
