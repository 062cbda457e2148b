"""The operator's pages of the terms of sale: publication, versions and acceptances."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldBooleanWidget

from accounts.http import operator_of
from billing import terms
from billing.console.parts import WorkspaceRowAdmin, stripe_act_page
from billing.models import TermsAcceptance, TermsVersion
from ui.console import NOTHING, DayRangeFilter, ReadOnlyAdmin, badge, figure, moment, posted
from ui.console_text import two_lines


class TermsForm(forms.Form):
    """Publication of a version of the terms of sale, with the text in force as initial value."""

    text = forms.CharField(
        label=_("Texte en français"),
        max_length=terms.MAX_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 24, "lang": "fr"}),
        help_text=_("Lui seul engage. Une ligne vide sépare les paragraphes ; « ## » commence un titre."),
    )
    translation = forms.CharField(
        label=_("Traduction anglaise"),
        max_length=terms.MAX_LENGTH,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12, "lang": "en"}),
        help_text=_("Montrée à qui lit en anglais. Vide : le texte français."),
    )
    is_still_right = forms.BooleanField(
        label=_("Le texte français change, et la traduction reste juste telle quelle"),
        required=False,
        widget=UnfoldBooleanWidget,
    )
    has_gaps = forms.BooleanField(
        label=_("Publier avec des passages entre crochets, à compléter plus tard"),
        required=False,
        widget=UnfoldBooleanWidget,
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        text, translation = (terms.normalized(str(data.get(name, ""))) for name in ("text", "translation"))
        latest = terms.current()
        is_outdated = latest is not None and text != latest.text and translation == latest.translation != ""
        if is_outdated and not data.get("is_still_right"):
            error = _("Le texte français a changé, cette traduction non : qui lit en anglais accepterait l’ancien.")
            self.add_error("translation", error)
        if terms.has_gaps(text) and not data.get("has_gaps"):
            self.add_error("text", _("Des passages entre crochets restent à compléter."))
        return data


@admin.register(TermsVersion)
class TermsVersionAdmin(ReadOnlyAdmin):
    list_display = ("shown_number", "shown_at", "published_by", "shown_print", "shown_state")
    list_display_links = None
    actions_list = ("publish",)

    def get_queryset(self, request: HttpRequest) -> Any:
        latest = TermsVersion.objects.order_by("-number").values("pk")[:1]
        return super().get_queryset(request).annotate(latest=Subquery(latest))

    @action(description=_("Publier une version"), url_path="publish", icon="add", variant=ActionVariant.PRIMARY)
    def publish(self, request: HttpRequest) -> HttpResponse:
        latest = terms.current()
        initial = {"text": latest.text, "translation": latest.translation} if latest else {}

        def publish_version(form: Any) -> str:
            texts = {name: form.cleaned_data[name] for name in ("text", "translation")}
            row = terms.publish(**texts, actor=operator_of(request))
            return gettext("La version %(number)s est en vigueur.") % {"number": row.number}

        return stripe_act_page(
            self,
            request,
            TermsForm(posted(request), initial=initial),
            publish_version,
            back=reverse("admin:billing_termsversion_changelist"),
            title=_("Publier une version des conditions de vente"),
            explanation=_(
                "Elle entre en vigueur aussitôt : chacun l’accepte à son prochain achat. Elle ne changera plus."
            ),
            button=_("Publier"),
        )

    @display(description=_("Version"), ordering="number")
    def shown_number(self, row: TermsVersion) -> SafeString:
        page = reverse("legal_terms_version", args=[row.number])
        return format_html('<a class="rc-link rc-strong" href="{}">{}</a>', page, row.number)

    @display(description=_("Publiée le"), ordering="number")
    def shown_at(self, row: TermsVersion) -> str | SafeString:
        return moment(row.published_at)

    @display(description=_("Empreinte (SHA-256)"))
    def shown_print(self, row: TermsVersion) -> SafeString:
        return _fingerprint(row.sha256)

    @display(description=_("État"))
    def shown_state(self, row: Any) -> SafeString:
        if row.pk != row.latest:
            return badge(_("Remplacée"), "neutral")
        if terms.has_gaps(row.text):
            return badge(_("En vigueur, à compléter"), "warn")
        return badge(_("En vigueur"), "good")


@admin.register(TermsAcceptance)
class TermsAcceptanceAdmin(WorkspaceRowAdmin):
    list_display = ("shown_at", "shown_workspace", "shown_who", "shown_version", "shown_order", "shown_reference")
    list_filter = ("act", ("at", DayRangeFilter))
    list_filter_submit = True
    list_select_related = ("terms",)
    search_fields = ("slug", "workspace_name", "person", "reference")

    @display(description=_("Date"), ordering="id")
    def shown_at(self, row: TermsAcceptance) -> str | SafeString:
        return moment(row.at)

    @display(description=_("Acceptées par"), ordering="person")
    def shown_who(self, row: TermsAcceptance) -> SafeString:
        return two_lines(row.person, row.origin or NOTHING)

    @display(description=_("Version"), ordering="terms__number")
    def shown_version(self, row: TermsAcceptance) -> SafeString:
        page = reverse("legal_terms_version", args=[row.terms.number])
        return two_lines(
            format_html('<a class="rc-link" href="{}">{}</a>', page, row.terms.number), _fingerprint(row.sha256)
        )

    @display(description=_("Commande"), ordering="plan_code")
    def shown_order(self, row: Any) -> SafeString:
        plan = gettext(row.plan_name or row.plan_code)
        interval = gettext("à l’année") if row.interval == "year" else gettext("au mois")
        return two_lines(f"{plan}, {interval}", row.add_ons or str(row.get_act_display()))

    @display(description=_("Clé chez Stripe"))
    def shown_reference(self, row: TermsAcceptance) -> SafeString:
        return figure(row.reference)


def _fingerprint(sha256: str) -> SafeString:
    """The first 12 digits of a digest, with the whole digest as tooltip."""
    return format_html('<span class="rc-muted rc-nowrap" title="{}">{}…</span>', sha256, sha256[:12])
