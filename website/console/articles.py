"""The operator's pages of the articles: list, form with the cover, preview."""

import hashlib
from typing import Any, ClassVar, Final

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from tenants.executors import give_back_connection
from tenants.pictures import PictureRefused, cover_jpeg
from ui.console import NOTHING, NoDeleteAdmin, badge, moment
from website.article_views import article_page
from website.articles import COVER_WIDTH
from website.models import Article

MAX_COVER_BYTES: Final = 8_000_000


class ArticleForm(forms.ModelForm):
    """An article. A new cover is cut to 1200 by 630 pixels and re-encoded without its metadata."""

    language = forms.ChoiceField(label=_("Langue"), choices=settings.LANGUAGES, widget=UnfoldAdminSelectWidget)
    slug = forms.SlugField(
        label=_("Adresse"),
        max_length=80,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Le dernier mot de l’adresse de la page. Vide : tirée du titre."),
    )
    new_cover = forms.FileField(
        label=_("Nouvelle image"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text=_("PNG, JPEG ou WebP de 8 Mo au plus ; coupée à 1200 × 630. Vide : l’image reste."),
    )
    remove_cover = forms.BooleanField(label=_("Retirer l’image"), required=False, widget=UnfoldBooleanWidget)

    class Meta:
        widgets: ClassVar = {
            "summary": UnfoldAdminTextareaWidget(attrs={"rows": 3, "maxlength": 400}),
            "body": UnfoldAdminTextareaWidget(attrs={"rows": 26}),
        }
        help_texts: ClassVar = {
            "body": _("Markdown : « ## » commence un titre, une ligne vide sépare les paragraphes."),
            "published_at": _("Vide : un brouillon. Plus tard : publié à cette heure."),
            "cover_text": _("Ce que l’image montre, pour qui ne la voit pas."),
            "author": _("Vide : le nom de la plateforme."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Unfold writes the words beside the two inputs, but gives them no label.
        day, time = self.fields["published_at"].widget.widgets
        day.attrs["aria-label"], time.attrs["aria-label"] = _("Jour de publication"), _("Heure de publication")

    def clean_new_cover(self) -> Any:
        file = self.cleaned_data["new_cover"]
        if not file:
            return None
        if file.size > MAX_COVER_BYTES:
            raise ValidationError(_("Ce fichier est trop lourd : 8 Mo au plus."), code="size")
        give_back_connection()
        try:
            return cover_jpeg(file, COVER_WIDTH)
        except PictureRefused as error:
            raise ValidationError(str(error), code="picture") from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "slug" in data and not data["slug"]:
            data["slug"] = slugify(data.get("title", ""))[:80].strip("-")
            if not data["slug"]:
                self.add_error("slug", _("Donnez une adresse : le titre n’en donne pas."))
            elif Article.objects.filter(slug=data["slug"]).exclude(pk=self.instance.pk).exists():
                self.add_error("slug", _("Un autre article a cette adresse."))
        original = data.get("translation_of")
        if original and original.pk == self.instance.pk:
            self.add_error("translation_of", _("Un article n’est pas sa propre traduction."))
        elif original and original.language == data.get("language"):
            self.add_error("translation_of", _("L’article traduit est dans la même langue."))
        elif original and (original.translation_of_id or self.instance.translations.exists()):
            self.add_error("translation_of", _("Liez chaque traduction à l’article d’origine."))
        return data


@admin.register(Article)
class ArticleAdmin(NoDeleteAdmin):
    """An article is withdrawn by emptying its date."""

    form = ArticleForm
    list_display = ("shown_title", "language", "shown_state", "shown_date", "shown_updated")
    list_filter = ("language",)
    search_fields = ("title", "summary", "slug")
    autocomplete_fields = ()
    actions_detail = ("preview",)
    fieldsets: ClassVar = (
        (None, {"fields": ("title", "language", "slug", "summary", "body")}),
        (_("Image"), {"fields": ("new_cover", "cover_text", "remove_cover")}),
        (_("Publication"), {"fields": ("published_at", "author", "translation_of")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        rows: QuerySet[Article] = super().get_queryset(request)
        return rows.defer("cover", "body") if request.path == self._list_path() else rows.defer("cover")

    def _list_path(self) -> str:
        return reverse("admin:website_article_changelist")

    def save_model(self, request: HttpRequest, obj: Article, form: Any, change: bool) -> None:
        content = form.cleaned_data.get("new_cover")
        if content or form.cleaned_data.get("remove_cover"):
            obj.cover = content or b""
            obj.cover_digest = hashlib.sha256(content).hexdigest()[:16] if content else ""
        super().save_model(request, obj, form, change)

    @action(description=_("Voir"), url_path="preview", icon="visibility")
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page as visitors see it; of a draft, what they will see."""
        row = get_object_or_404(Article.objects.defer("cover"), pk=object_id)
        if row.published_at and row.published_at <= timezone.now():
            return redirect("article", row.slug)
        return article_page(request, row, is_preview=True)

    @display(description=_("Titre"), ordering="title")
    def shown_title(self, row: Article) -> SafeString:
        return format_html('<span class="rc-strong">{}</span>', row.title)

    @display(description=_("État"))
    def shown_state(self, row: Article) -> SafeString:
        if row.published_at is None:
            return badge(_("Brouillon"), "neutral")
        return badge(_("Publié"), "good") if row.published_at <= timezone.now() else badge(_("Programmé"), "wait")

    @display(description=_("Publié le"), ordering="published_at")
    def shown_date(self, row: Article) -> str | SafeString:
        return moment(row.published_at) if row.published_at else NOTHING

    @display(description=_("Modifié le"), ordering="updated_at")
    def shown_updated(self, row: Article) -> str | SafeString:
        return moment(row.updated_at)
