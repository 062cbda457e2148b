"""Forms of the console pages of workspaces."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from plans.models import Plan
from tenants.models import Tenant
from tenants.slugs import validate_slug
from ui.console import LastDayField, ReasonForm
from ui.days import end_of_day
from ui.lines import Line
from ui.templatetags.ui import money


def slug_problem(slug: str) -> ValidationError | None:
    """Why a slug is invalid or in use, or None."""
    try:
        validate_slug(slug)
    except ValidationError as error:
        return error
    if Tenant.objects.filter(slug=slug).exists():
        return ValidationError(_("L’adresse « %(slug)s » est déjà prise."), code="slug_taken", params={"slug": slug})
    return None


def plan_choices() -> list[tuple[str, str]]:
    """Offered plans with their monthly prices."""
    rows = Plan.objects.filter(is_offered=True)
    return [(plan.code, f"{plan.name} · {money(plan.month_price, 0)} {gettext('HT par mois')}") for plan in rows]


class NewWorkspaceForm(forms.Form):
    """Form of a new workspace. The password is generated."""

    name = Line(
        label=_("Nom de l’espace"),
        max_length=120,
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True, "autocomplete": "off"}),
        error_messages={"required": _("Donnez un nom à l’espace.")},
    )
    slug = Line(
        label=_("Adresse courte"),
        widget=UnfoldAdminTextInputWidget(
            attrs={
                "autocomplete": "off",
                "spellcheck": "false",
                "data-check": reverse_lazy("admin:tenants_tenant_slug"),
            }
        ),
        help_text=_("Ce qui précède le domaine dans l’adresse. Elle ne change plus ensuite."),
        error_messages={"required": _("Choisissez une adresse courte.")},
    )
    email = forms.EmailField(
        label=_("E-mail du propriétaire"),
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "off"}),
        help_text=_("L’adresse, l’identifiant et un mot de passe provisoire y sont envoyés."),
        error_messages={
            "required": _("Donnez l’e-mail du propriétaire."),
            "invalid": _("Cette adresse e-mail n’est pas valide."),
        },
    )
    plan = forms.ChoiceField(label=_("Offre"), choices=plan_choices, widget=UnfoldAdminSelectWidget)
    language = forms.ChoiceField(label=_("Langue"), choices=settings.LANGUAGES, widget=UnfoldAdminSelectWidget)

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"].strip().lower()
        problem = slug_problem(slug)
        if problem is not None:
            raise problem
        return slug


class TrialForm(ReasonForm):
    """Last day of a trial (included), and a reason."""

    last_day = LastDayField(
        label=_("Dernier jour de l’essai"),
        error_messages={"required": _("Choisissez le dernier jour de l’essai.")},
    )
    field_order = ("last_day", "reason")

    def ends_at(self) -> datetime:
        """The end of the last day."""
        return end_of_day(self.cleaned_data["last_day"])


class PlanForm(ReasonForm):
    """A plan and a reason."""

    field_order = ("plan", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan"] = forms.ChoiceField(
            label=_("Offre"),
            choices=[(plan.code, plan.name) for plan in Plan.objects.all()],
            widget=UnfoldAdminSelectWidget,
        )
        self.order_fields(self.field_order)


class DeleteForm(ReasonForm):
    """The typed slug as a confirmation, and a reason."""

    field_order = ("typed_slug", "reason")
    typed_slug = Line(
        label=_("Adresse courte de l’espace"),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, slug: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.slug = slug

    def clean_typed_slug(self) -> str:
        typed: str = self.cleaned_data["typed_slug"]
        if typed != self.slug:
            raise ValidationError(_("Ce n’est pas l’adresse courte de cet espace : rien n’est supprimé."))
        return typed
