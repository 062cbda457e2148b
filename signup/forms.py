"""Forms of sign-up."""

import uuid
from typing import Any, Final

from disposable_email_domains import blocklist
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.urls import reverse, reverse_lazy
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.addresses import plain_address
from accounts.models import User
from billing.api import terms
from plans.selectors import plans_offered
from signup import slugs
from tenants.services import MAX_EMAIL_LENGTH, MAX_NAME_LENGTH
from ui.lines import Line, refuse_control_characters
from ui.templatetags.ui import money

MAX_PASSWORD_LENGTH: Final = 256
_CHECK: Final = {
    "hx-get": reverse_lazy("signup_slug"),
    "hx-trigger": "input changed delay:350ms",
    "hx-include": "[name=workspace],[name=slug],[name=suggested]",
    "hx-sync": "closest form:replace",
    "autocomplete": "off",
}


def is_disposable(address: str) -> bool:
    """Whether the domain of an address, or one above it, is of a list of throw-away mailboxes."""
    labels = address.rpartition("@")[2].lower().split(".")
    return any(".".join(labels[start:]) in blocklist for start in range(len(labels) - 1))


def plan_choices() -> list[tuple[str, str]]:
    """The plans for sale with their monthly prices."""
    per_month = gettext("HT par mois")
    return [(plan.code, f"{plan.name} · {money(plan.month_price, 0)} {per_month}") for plan in plans_offered()]


class WorkspaceFields(forms.Form):
    """Name and address of a workspace, as both pages ask for them. Without JavaScript the address may be left empty."""

    workspace = Line(
        label=_("Nom de l’espace"),
        max_length=MAX_NAME_LENGTH,
        widget=forms.TextInput(attrs=_CHECK | {"hx-target": "#slug-box", "hx-swap": "outerHTML"}),
        help_text=_("Celui de votre entreprise ou de votre activité."),
        error_messages={"required": _("Donnez un nom à l’espace.")},
    )
    slug = Line(
        label=_("Adresse courte"),
        required=False,
        max_length=60,
        widget=forms.TextInput(
            attrs=_CHECK
            | {"hx-target": "#slug-note", "hx-swap": "outerHTML", "spellcheck": "false", "autocapitalize": "none"}
        ),
        help_text=_("Proposée d’après le nom. Elle ne change plus ensuite."),
    )
    suggested = Line(required=False, max_length=60, widget=forms.HiddenInput)

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]).lower()
        if not slug:
            slug = slugs.suggest(self.cleaned_data.get("workspace", ""))
            if not slug and "workspace" in self.cleaned_data:
                raise ValidationError(_("Choisissez une adresse courte."), code="required")
            return slug
        problem = slugs.slug_problem(slug)
        if problem is not None:
            raise problem
        return slug


class SignupForm(WorkspaceFields):
    email = forms.EmailField(
        label=_("Votre adresse e-mail"),
        max_length=MAX_EMAIL_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("Nous y envoyons un code pour vérifier qu’elle est à vous."),
        error_messages={
            "required": _("Donnez votre adresse e-mail."),
            "invalid": _("Cette adresse e-mail n’est pas valide."),
        },
    )
    name = Line(
        label=_("Votre nom"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    plan = forms.ChoiceField(
        label=_("Offre, après 14 jours d’essai sans carte bancaire"), choices=plan_choices, widget=forms.RadioSelect
    )
    accept = forms.BooleanField(error_messages={"required": _("Acceptez les conditions générales pour continuer.")})
    # A trap: people do not see this field, bots fill it in.
    website = Line(required=False, max_length=200)
    request_id = forms.UUIDField(required=False, widget=forms.HiddenInput)
    terms_version = forms.UUIDField(required=False, widget=forms.HiddenInput)
    proof = Line(required=False, max_length=1_000, widget=forms.HiddenInput)

    field_order = ("email", "name", "workspace", "slug", "plan", "accept")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.terms = terms.current()
        self.fields["accept"].label = format_html(
            gettext(
                'J’accepte les <a class="link" href="{}" target="_blank">conditions générales</a> et '
                'l’<a class="link" href="{}" target="_blank">accord de sous-traitance des données</a>.'
            ),
            reverse("legal_terms"),
            reverse("dpa"),
        )
        self.initial.setdefault("request_id", uuid.uuid4())
        self.initial.setdefault("terms_version", self.terms.pk if self.terms else None)
        offered = self.fields["plan"].choices  # type: ignore[attr-defined]
        if self.initial.get("plan") not in dict(offered):
            self.initial["plan"] = next((code for code, _label in offered), None)

    def clean_email(self) -> str:
        email = plain_address(self.cleaned_data["email"])
        refuse_control_characters(email)
        if is_disposable(email):
            raise ValidationError(
                _("Cette boîte est jetable : donnez une adresse où vous recevrez aussi vos prochains messages."),
                code="disposable",
            )
        return email

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("website"):
            raise ValidationError(
                _("Votre demande n’a pas pu être vérifiée : rechargez la page et recommencez."), code="trap"
            )
        if self.terms and cleaned.get("accept") and cleaned.get("terms_version") != self.terms.pk:
            self.add_error("accept", _("Les conditions générales viennent de changer : relisez-les et acceptez-les."))
        return cleaned


class CodeForm(forms.Form):
    code = Line(
        label=_("Code à six chiffres"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True, "size": 8}
        ),
        error_messages={"required": _("Donnez le code reçu par e-mail.")},
    )

    def clean_code(self) -> str:
        code = "".join(self.cleaned_data["code"].split())
        if len(code) != 6 or not (code.isascii() and code.isdecimal()):
            raise ValidationError(_("Le code compte six chiffres."), code="shape")
        return code


class OpenForm(WorkspaceFields):
    password = forms.CharField(
        label=_("Choisissez un mot de passe"),
        max_length=MAX_PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
        help_text=_("Dix caractères au moins."),
        error_messages={"required": _("Choisissez un mot de passe.")},
    )

    field_order = ("password", "workspace", "slug")

    def __init__(self, *arguments: Any, email: str, name: str, is_done: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.owner = User(email=email, name=name)
        self.is_done = is_done

    def clean_slug(self) -> str:
        # Once the workspace exists, its address is taken by itself.
        return str(self.cleaned_data["slug"]) if self.is_done else super().clean_slug()

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password, self.owner)
        return password


class AddressForm(forms.Form):
    email = forms.EmailField(
        label=_("Votre adresse e-mail"),
        max_length=MAX_EMAIL_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": _("Donnez votre adresse e-mail."),
            "invalid": _("Cette adresse e-mail n’est pas valide."),
        },
    )

    def clean_email(self) -> str:
        email = plain_address(self.cleaned_data["email"])
        refuse_control_characters(email)
        return email
