"""Forms of the workspace's settings."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from ui.colour import ColourWithoutHue, InvalidColour, hue_of
from ui.lines import Line


class IdentityForm(forms.Form):
    name = Line(label=_("Nom de l’espace"), max_length=120)
    language = forms.ChoiceField(
        label=_("Langue"), choices=settings.LANGUAGES, help_text=_("Pour qui n’a pas choisi la sienne.")
    )


class BrandForm(forms.Form):
    brand_color = Line(
        label=_("Couleur de la marque"),
        required=False,
        max_length=7,
        help_text=_("Par exemple #0055AA. Sa teinte est gardée, sa clarté réglée pour que le texte reste lisible."),
    )
    logo = forms.FileField(
        label=_("Logo"), required=False, help_text=_("PNG, JPEG ou WebP, carré de préférence, 2 Mo au plus.")
    )
    remove_logo = forms.BooleanField(label=_("Retirer le logo"), required=False)

    def clean_brand_color(self) -> int | None:
        """The hue of the typed colour, in degrees; None if empty."""
        text = self.cleaned_data["brand_color"]
        if not text:
            return None
        if text == self.initial.get("brand_color"):
            # Unchanged input keeps the stored hue, which a 24-bit colour may not represent exactly.
            hue: int | None = self.initial["brand_hue"]
            return hue
        try:
            return hue_of(text)
        except InvalidColour as error:
            raise forms.ValidationError(_("Écrivez une couleur sous la forme #RRGGBB ou #RGB.")) from error
        except ColourWithoutHue as error:
            raise forms.ValidationError(
                _("Un gris, un noir ou un blanc n’a pas de teinte : choisissez une couleur plus vive.")
            ) from error
