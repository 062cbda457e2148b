"""Console pages of operators, e-mail addresses and the audit log, in the public schema only."""

from typing import Any, ClassVar

# Imported first so that its admin pages are registered before ours replace them.
from allauth.account import admin as _allauth_pages  # noqa: F401
from allauth.account.models import EmailAddress
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from accounts import audit_labels, services
from accounts.addresses import plain_address
from accounts.http import operator_of
from accounts.models import AuditEntry, Role, User
from ui.console import DayRangeFilter, NoDeleteAdmin, ReadOnlyAdmin, ReasonForm, act_page, badge, moment, posted

# Access to the console depends on the role: Django's groups are not used.
admin.site.unregister(Group)
# Read-only: an address added here would give access to another user's account.
admin.site.unregister(EmailAddress)


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnlyAdmin):
    list_display = ("email", "user", "verified", "primary")
    list_select_related = ("user",)
    search_fields = ("email",)
    ordering = ("email",)


class OperatorForm(forms.ModelForm):
    """A new operator. The password goes through Django's validators and hashing."""

    password1 = forms.CharField(
        label=_("Mot de passe"), strip=False, widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
    )
    password2 = forms.CharField(
        label=_("Le même, encore"),
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = User
        fields = ("email", "name")
        widgets: ClassVar = {"email": UnfoldAdminEmailInputWidget, "name": UnfoldAdminTextInputWidget}

    def clean_email(self) -> str:
        email: str = plain_address(self.cleaned_data["email"])
        if User.objects.filter(email=email).exists():
            raise ValidationError(_("Un opérateur a déjà cette adresse."))
        return email

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        first, second = data.get("password1"), data.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("Les deux mots de passe diffèrent."))
        if first:
            try:
                validate_password(first, User(email=data.get("email", ""), name=data.get("name", "")))
            except ValidationError as error:
                self.add_error("password1", error)
        return data


@admin.register(User)
class OperatorAdmin(NoDeleteAdmin):
    adds_audited = changes_audited = True
    list_display = ("email", "name", "shown_state", "shown_login", "shown_joined")
    list_filter = ("is_active",)
    search_fields = ("email", "name")
    ordering = ("email",)
    add_fieldsets = ((None, {"fields": ("email", "name", "password1", "password2")}),)
    fieldsets = ((None, {"fields": ("email", "name", "language", "shown_state", "shown_login", "shown_joined")}),)
    readonly_fields = ("email", "shown_state", "shown_login", "shown_joined")
    actions_detail = ("deactivate", "reactivate")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).filter(role=Role.OPERATOR)  # type: ignore[no-any-return]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = OperatorForm
        return super().get_form(request, obj, change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields if obj else ()

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "language":
            return forms.ChoiceField(
                label=_("Langue"),
                choices=[("", _("Français, par défaut")), *settings.LANGUAGES],
                required=False,
                widget=UnfoldAdminSelectWidget,
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change:
            services.operator_change(
                operator_id=obj.pk,
                name=obj.name,
                language=obj.language,
                actor=operator_of(request),
            )
            return
        created = services.operator_create(
            email=obj.email,
            password=form.cleaned_data["password1"],
            name=obj.name,
            actor=operator_of(request),
        )
        obj.__dict__.update(created.__dict__)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """No many-to-many data: operators have no groups or permissions."""

    @display(description=_("État"), ordering="is_active")
    def shown_state(self, row: User) -> str:
        return badge(_("Actif"), "good") if row.is_active else badge(_("Désactivé"), "neutral")

    @display(description=_("Dernière connexion"), ordering="last_login")
    def shown_login(self, row: User) -> str:
        return moment(row.last_login)

    @display(description=_("Ajouté le"), ordering="date_joined")
    def shown_joined(self, row: User) -> str:
        return moment(row.date_joined)

    def _is_active(self, object_id: Any) -> bool | None:
        try:
            return User.objects.filter(pk=object_id, role=Role.OPERATOR).values_list("is_active", flat=True).first()
        except ValidationError:
            return None

    def has_deactivate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return str(request.user.pk) != str(object_id) and self._is_active(object_id) is True

    def has_reactivate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._is_active(object_id) is False

    def _set_active(self, request: HttpRequest, object_id: str, active: bool, **page: Any) -> HttpResponse:
        operator = get_object_or_404(User, pk=object_id, role=Role.OPERATOR)

        def do(form: Any) -> str:
            services.operator_set_active(
                operator_id=operator.pk,
                active=active,
                reason=form.cleaned_data["reason"],
                actor=operator_of(request),
            )
            return gettext("C’est fait pour %(email)s.") % {"email": operator.email}

        back = reverse("admin:accounts_user_change", args=[operator.pk])
        form = ReasonForm(posted(request))
        return act_page(self, request, form=form, do=do, back=back, **page)

    @action(description=_("Désactiver"), url_path="deactivate", icon="person_off", permissions=["deactivate"])
    def deactivate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._set_active(
            request,
            object_id,
            False,
            title=_("Désactiver cet opérateur"),
            explanation=_(
                "Ses sessions prennent fin aussitôt et il ne peut plus se connecter. Le journal garde ses actes."
            ),
            button=_("Désactiver"),
            danger=True,
        )

    @action(description=_("Réactiver"), url_path="reactivate", icon="person", permissions=["reactivate"])
    def reactivate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._set_active(
            request,
            object_id,
            True,
            title=_("Réactiver cet opérateur"),
            explanation=_("Il se connecte de nouveau, avec son mot de passe d’avant."),
            button=_("Réactiver"),
        )

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        messages.info(request, _("Donnez-lui son mot de passe par un autre chemin que l’e-mail."))
        return super().log_addition(request, obj, message)


class ActionFilter(admin.SimpleListFilter):
    title = _("acte")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, str(label)) for key, label in audit_labels.ACTION_LABELS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        return queryset.filter(action=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("shown_at", "shown_actor", "shown_act", "target", "shown_details")
    list_display_links = None
    list_filter = (ActionFilter, ("at", DayRangeFilter))
    list_filter_submit = True
    search_fields = ("actor", "target", "action")
    fields = ("shown_at", "shown_actor", "shown_act", "target", "shown_details", "request_id")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.fields

    @display(description=_("Date"), ordering="id")
    def shown_at(self, row: AuditEntry) -> str:
        return moment(row.at)

    @display(description=_("Auteur"), ordering="actor")
    def shown_actor(self, row: AuditEntry) -> str:
        return gettext(row.actor)

    @display(description=_("Acte"), ordering="action")
    def shown_act(self, row: AuditEntry) -> str:
        return audit_labels.action_label(row)

    @display(description=_("Détails"))
    def shown_details(self, row: AuditEntry) -> str:
        return audit_labels.details_text(row)
