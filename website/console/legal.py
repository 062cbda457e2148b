"""The operator's pages of the legal texts: what is to be completed, publication, versions, acceptances."""

from typing import Any, Final

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from accounts.http import operator_of
from billing.api import terms
from ui.console import NOTHING, DayRangeFilter, ReadOnlyAdmin, badge, figure, moment, posted, refusable_act_page
from ui.console_text import two_lines
from ui.lines import Line
from website import legal
from website.models import LegalAcceptance, LegalVersion

_FIELD_OF: Final = {"length": "text", "gap": "text", "variable": "text", "same": "text"}


class LegalForm(forms.Form):
    """Publication of a version, with the text in force as initial value."""

    text = forms.CharField(
        label=_("Texte en français"),
        max_length=legal.MAX_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 24, "lang": "fr"}),
    )
    translation = forms.CharField(
        label=_("Traduction anglaise"),
        max_length=legal.MAX_LENGTH,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 16, "lang": "en"}),
        help_text=_("Montrée à qui lit en anglais. Vide : le texte français."),
    )
    changes = Line(
        label=_("Ce qui change"),
        max_length=300,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Une phrase, montrée dans la liste des versions."),
    )
    is_still_right = forms.BooleanField(
        label=_("Le texte français change, et la traduction reste juste telle quelle"),
        required=False,
        widget=UnfoldBooleanWidget,
    )

    def __init__(self, *arguments: Any, latest: LegalVersion | None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._latest = latest
        names = ", ".join(f"{{{name}}} ({label})" for name, label in legal.VARIABLES.items())
        self.fields["text"].help_text = gettext(
            "Markdown. Lui seul engage. Ces noms sont remplacés par vos données, et leur ligne disparaît sans elles : "
            "%(names)s."
        ) % {"names": names}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        text, english = (terms.normalized(str(data.get(name, ""))) for name in ("text", "translation"))
        latest = self._latest
        is_outdated = latest is not None and text != latest.text and english == latest.translation != ""
        if is_outdated and not data.get("is_still_right"):
            error = _("Le texte français a changé, cette traduction non : qui lit en anglais lirait l’ancien.")
            self.add_error("translation", error)
        return data

    def refuse(self, error: ValidationError) -> None:
        """Put an error of the service at the field it is about."""
        self.add_error(_FIELD_OF.get(str(getattr(error, "code", "")), None), error)


@admin.register(LegalVersion)
class LegalVersionAdmin(ReadOnlyAdmin):
    """All versions, below what is to be completed in each text."""

    list_display = ("shown_document", "shown_at", "published_by", "changes", "shown_print", "shown_state")
    list_display_links = None
    list_filter = ("document",)
    list_before_template = "admin/legal_tasks.html"

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.publish_view)
        return [path("publish/<slug:document>/", view, name="website_legal_publish"), *super().get_urls()]

    def beside_list(self, request: HttpRequest, shown: Any) -> dict[str, Any]:
        in_force = terms.current()
        return {
            "legal_tasks": legal.tasks(),
            "terms_in_force": in_force,
            "terms_have_gaps": in_force is None or terms.has_gaps(in_force.text),
        }

    def publish_view(self, request: HttpRequest, document: str) -> HttpResponse:
        """The page that publishes a version of a document."""
        if document not in legal.Document.values:
            raise Http404
        latest = legal.current(document)
        initial = {
            "text": latest.text if latest else legal.first_text(document, "fr"),
            "translation": latest.translation if latest else legal.first_text(document, "en"),
        }

        def publish(form: Any) -> str:
            data = form.cleaned_data
            row = legal.publish(
                document, data["text"], data["translation"], changes=data["changes"], actor=operator_of(request)
            )
            return gettext("La version %(number)s est en vigueur.") % {"number": row.number}

        return refusable_act_page(
            self,
            request,
            LegalForm(posted(request), initial=initial, latest=latest),
            publish,
            back=reverse("admin:website_legalversion_changelist"),
            title=legal.Document(document).label,
            explanation=_("La nouvelle version est en vigueur aussitôt. Les précédentes restent lisibles, inchangées."),
            button=_("Publier"),
        )

    @display(description=_("Version"), ordering="document")
    def shown_document(self, row: LegalVersion) -> SafeString:
        page = reverse(f"{legal.PAGES[row.document]}_version", args=[row.number])
        return format_html('<a class="rc-link rc-strong" href="{}">{}</a>', page, row)

    @display(description=_("Publiée le"), ordering="published_at")
    def shown_at(self, row: LegalVersion) -> str | SafeString:
        return moment(row.published_at)

    @display(description=_("Empreinte (SHA-256)"))
    def shown_print(self, row: LegalVersion) -> SafeString:
        return _fingerprint(row.sha256)

    @display(description=_("État"))
    def shown_state(self, row: LegalVersion) -> SafeString:
        latest = legal.current(row.document)
        if latest and latest.pk != row.pk:
            return badge(_("Remplacée"), "neutral")
        return badge(_("En vigueur"), "good")


@admin.register(LegalAcceptance)
class LegalAcceptanceAdmin(ReadOnlyAdmin):
    list_display = ("shown_at", "tenant_slug", "shown_who", "shown_version", "shown_reference")
    list_display_links = None
    list_filter = ("version__document", ("at", DayRangeFilter))
    list_filter_submit = True
    list_select_related = ("version",)
    search_fields = ("tenant_slug", "person", "reference")

    @display(description=_("Date"), ordering="id")
    def shown_at(self, row: LegalAcceptance) -> str | SafeString:
        return moment(row.at)

    @display(description=_("Accepté par"), ordering="person")
    def shown_who(self, row: LegalAcceptance) -> SafeString:
        return two_lines(row.person, row.origin or NOTHING)

    @display(description=_("Version"))
    def shown_version(self, row: LegalAcceptance) -> SafeString:
        page = reverse(f"{legal.PAGES[row.version.document]}_version", args=[row.version.number])
        return two_lines(
            format_html('<a class="rc-link" href="{}">{}</a>', page, row.version), _fingerprint(row.sha256)
        )

    @display(description=_("Demande"))
    def shown_reference(self, row: LegalAcceptance) -> SafeString:
        return figure(row.reference)


def _fingerprint(sha256: str) -> SafeString:
    """The first 12 digits of a digest, with the whole digest as tooltip."""
    return format_html('<span class="rc-muted rc-nowrap" title="{}">{}…</span>', sha256, sha256[:12])
