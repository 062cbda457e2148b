"""Forms of the billing profile, the acceptance of the terms, a previewed change and a cancellation."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.http import client_ip
from billing import api
from billing.choices import REASONS
from billing.subscription_types import AcceptedTerms
from tax.countries import countries
from tax.vat_tables import EU
from tenants.context import TenantRef
from tenants.selectors import public_url
from ui.lines import Line


def _autofilled_input(autocomplete: str) -> forms.TextInput:
    """An input that browsers fill in. `autocomplete`: a token of the HTML standard's attribute."""
    return forms.TextInput(attrs={"autocomplete": autocomplete})


class DetailsForm(forms.Form):
    """The billing profile. Lengths are those of `BillingProfile`; rules by country are checked by the service."""

    name = Line(label=_("Nom ou raison sociale"), max_length=120, widget=_autofilled_input("organization"))
    line1 = Line(label=_("Adresse"), max_length=120, widget=_autofilled_input("address-line1"))
    line2 = Line(
        label=_("Complément d’adresse"), max_length=120, required=False, widget=_autofilled_input("address-line2")
    )
    postal_code = Line(label=_("Code postal"), max_length=20, required=False, widget=_autofilled_input("postal-code"))
    city = Line(label=_("Ville"), max_length=80, widget=_autofilled_input("address-level2"))
    country = forms.ChoiceField(label=_("Pays"), widget=forms.Select(attrs={"autocomplete": "country"}))
    vat_number = Line(
        label=_("Numéro de TVA"),
        max_length=20,
        required=False,
        help_text=_(
            "Il figure sur vos factures. Celui d’une entreprise d’un autre pays de l’Union la dispense de TVA : "
            "elle la déclare elle-même."
        ),
    )

    def __init__(self, *args: Any, profile: Any, tenant: TenantRef, **kwargs: Any) -> None:
        saved = {name: getattr(profile, name) for name in self.base_fields} if profile else {}
        kwargs["initial"] = saved or {"name": tenant.name, "country": "FR"}
        super().__init__(*args, **kwargs)
        # Some countries outside the EU have no postal codes.
        self.fields["postal_code"].required = (self.data.get("country") or kwargs["initial"]["country"]) in EU
        # Set per request, as countries are named in its language.
        self.fields["country"].choices = countries()  # type: ignore[attr-defined]

    def refuse(self, error: ValidationError) -> None:
        """Show the service's error at the fields that it names, or at the top if this form lacks one of them."""
        has_own_fields = not hasattr(error, "error_dict") or set(error.error_dict) <= set(self.fields)
        self.add_error(None, error if has_own_fields else ValidationError(error.messages))


class TermsForm(forms.Form):
    """Acceptance of the terms of sale. The box is never ticked in advance. `version`: the id of the version shown."""

    accept = forms.BooleanField(
        error_messages={"required": _("Pour commander, acceptez les conditions générales de vente.")}
    )
    version = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, request: HttpRequest) -> None:
        terms = api.terms.current()
        self._current = terms.pk if terms else None
        data = request.POST if request.method == "POST" else None
        super().__init__(data, initial={"version": self._current})
        address = public_url(f"/conditions/{terms.number}/" if terms else "/conditions/")
        link = format_html(
            '<a class="link" href="{}" target="_blank" rel="noopener">{}</a>',
            address,
            _("conditions générales de vente"),
        )
        number = terms.number if terms else 0
        label = _("J’ai lu et j’accepte les {terms} (version {number}).")
        self.fields["accept"].label = format_html(str(label), terms=link, number=number)
        self._origin = client_ip(request)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("version") != self._current:
            # Shown again, the form has the version in force and an empty box. The service checks the version sent.
            self.data = {"version": str(self._current or "")}
        return cleaned

    def accepted(self) -> AcceptedTerms:
        return AcceptedTerms(self.cleaned_data["version"], self._origin)


class ShownPreviewForm(forms.Form):
    """The preview that was shown: `at` in seconds since 1970, `due` the amount charged at once, euros with VAT."""

    at = forms.IntegerField(min_value=0, max_value=2**40)
    due = forms.DecimalField(min_value=0, max_digits=12, decimal_places=2, required=False)


class CancellationForm(forms.Form):
    """`accepted`: the code of the accepted counter-offer; `declined`: the counter-offer was shown and declined."""

    reason = forms.ChoiceField(label=_("Pourquoi partez-vous ?"), choices=REASONS.choices, widget=forms.RadioSelect)
    comment = forms.CharField(
        label=_("Dites-nous en plus"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    accepted = Line(max_length=60, required=False, widget=forms.HiddenInput)
    declined = forms.BooleanField(required=False, widget=forms.HiddenInput)
