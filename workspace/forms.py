"""What owners and admins say of their workspace."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from ui.lines import Line
from workspace.colour import NoColour, NoHue, hue_of
from workspace.services import LogoRefused, logo_type


class IdentityForm(forms.Form):
    name = Line(label=_("Nom de l’espace"), max_length=120)
    language = forms.ChoiceField(
        label=_("Langue"), choices=settings.LANGUAGES, help_text=_("Pour qui n’a pas choisi la sienne.")
    )
    brand_color = Line(
        label=_("Couleur de la marque"),
        required=False,
        max_length=7,
        help_text=_("Par exemple #0055AA. Sa teinte est gardée, sa clarté réglée pour que le texte reste lisible."),
    )
    logo = forms.FileField(
        label=_("Logo"), required=False, help_text=_("PNG, JPEG ou WebP, carré de préférence, 500 Ko au plus.")
    )
    remove_logo = forms.BooleanField(label=_("Retirer le logo"), required=False)

    def clean_brand_color(self) -> int | None:
        """The hue of what was typed; None where nothing was."""
        text = self.cleaned_data["brand_color"]
        if not text:
            return None
        if text == self.initial.get("brand_color"):
            # As it was shown: kept to the degree, which a colour of 24 bits cannot always say.
            kept: int | None = self.initial["brand_hue"]
            return kept
        try:
            return hue_of(text)
        except NoColour as error:
            raise forms.ValidationError(_("Écrivez une couleur sous la forme #RRGGBB ou #RGB.")) from error
        except NoHue as error:
            raise forms.ValidationError(
                _("Un gris, un noir ou un blanc n’a pas de teinte : choisissez une couleur plus vive.")
            ) from error

    def clean_logo(self) -> Any:
        logo = self.cleaned_data["logo"]
        if logo:
            try:
                logo_type(logo)
            except LogoRefused as error:
                raise forms.ValidationError(str(error)) from error
        return logo
