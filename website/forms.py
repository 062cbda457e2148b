"""The contact form."""

from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.addresses import plain_address
from signup.forms import is_disposable
from tenants.services import MAX_EMAIL_LENGTH
from ui.lines import Line, refuse_control_characters
from website.leads import NEWS_TEXT, REPLY_TEXT


class ContactForm(forms.Form):
    name = Line(
        label=_("Votre nom"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Donnez votre nom.")},
    )
    email = forms.EmailField(
        label=_("Votre adresse e-mail"),
        max_length=MAX_EMAIL_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": _("Donnez votre adresse e-mail."),
            "invalid": _("Cette adresse e-mail n’est pas valide."),
        },
    )
    company = Line(
        label=_("Votre entreprise"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    message = forms.CharField(
        label=_("Votre message"),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 6, "maxlength": 4_000}),
        error_messages={"required": _("Écrivez votre message.")},
    )
    accept = forms.BooleanField(
        label=REPLY_TEXT, error_messages={"required": _("Sans votre accord, nous ne pouvons pas vous répondre.")}
    )
    news = forms.BooleanField(label=NEWS_TEXT, required=False)
    # A trap: people do not see this field, bots fill it in.
    website = Line(required=False, max_length=200)
    lead_id = forms.UUIDField(widget=forms.HiddenInput)
    proof = Line(required=False, max_length=1_000, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["lead_id"].initial = uuid4

    def clean_email(self) -> str:
        email = plain_address(self.cleaned_data["email"])
        refuse_control_characters(email)
        if is_disposable(email):
            raise ValidationError(_("Donnez une adresse qui vous reste : celle-ci est jetable."), code="disposable")
        return email

    @property
    def is_trapped(self) -> bool:
        """Whether the field that people do not see was filled in."""
        return bool(self.cleaned_data.get("website"))
