"""Pages of the console about the templates: the list, one with its previews, its texts and their versions."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import OPERATORS, access
from accounts.http import operator_of
from mailing import previews, texts
from mailing.catalogue import FAMILIES, TEMPLATES
from mailing.catalogue.types import MailTemplate
from mailing.console.frames import framed
from mailing.console.template_forms import TextsForm
from mailing.marks import with_picture
from mailing.models import MailTextVersion
from mailing.rendering import default_texts
from tenants.admission import OUTSIDE
from ui.console import ReadOnlyAdmin


@admin.register(MailTextVersion)
class MailTemplatesAdmin(ReadOnlyAdmin):
    """Only the place of these pages in the console: rows are shown on the page of their template."""

    def get_urls(self) -> list[Any]:
        return [*_urls(self.admin_site), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("admin:mailing_templates")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> None:
        return None


def _urls(site: Any) -> list[Any]:
    def page(name: str, address: str, view: Any) -> Any:
        return path(address, site.admin_view(view), name=name)

    @access(OPERATORS)
    @require_safe
    def index(request: HttpRequest) -> HttpResponse:
        context = {**site.each_context(request), "title": gettext("Modèles d’e-mails"), "families": _families()}
        return TemplateResponse(request, "admin/mail_templates.html", context)

    @access(OPERATORS)
    @require_safe
    def show(request: HttpRequest, key: str) -> HttpResponse:
        view = _View(request, key)
        return TemplateResponse(request, "admin/mail_template.html", site.each_context(request) | view.context())

    @access(OPERATORS)
    @require_http_methods(["GET", "HEAD", "POST"])
    def edit(request: HttpRequest, key: str, language: str) -> HttpResponse:
        """The form of the texts. POST: saves, or with `act=preview` draws what is typed and saves nothing."""
        view = _View(request, key, language)
        form = TextsForm(request.POST if request.method == "POST" else None, view.template, view.initial())
        drawn = None
        if form.is_valid():
            if request.POST.get("act") == "preview":
                problems = _problems(view.template, form.texts())
                if problems:
                    form.refuse(ValidationError(problems))
                else:
                    drawn = view.drawn(form.texts())
            elif _save(request, view, form):
                return redirect(view.address())
        links = [
            (name, reverse("admin:mailing_template_edit", args=[key, code]), code == view.language)
            for code, name in settings.LANGUAGES
        ]
        context = {
            **site.each_context(request),
            **view.context(),
            "form": form,
            "drawn": drawn,
            "languages": [{"label": gettext("Langue"), "links": links}],
        }
        status = 422 if form.is_bound and form.errors else 200
        return TemplateResponse(request, "admin/mail_template_edit.html", context, status=status)

    return [
        page("mailing_templates", "", index),
        page("mailing_template", "template/<slug:key>/", show),
        page("mailing_template_frame", "template/<slug:key>/frame/", frame),
        page("mailing_template_test", "template/<slug:key>/test/", test),
        page("mailing_template_edit", "template/<slug:key>/<slug:language>/", edit),
        page("mailing_template_restore", "template/<slug:key>/<slug:language>/restore/", restore),
    ]


@access(OPERATORS, lane=OUTSIDE)
@require_safe
@xframe_options_sameorigin
def frame(request: HttpRequest, key: str) -> HttpResponse:
    view = _View(request, key)
    return framed(previews.forced(with_picture(view.mail().html, None), view.mode))


@access(OPERATORS)
@require_POST
def test(request: HttpRequest, key: str) -> HttpResponse:
    """Mail the template with its samples to the operator themselves."""
    view, operator = _View(request, key), operator_of(request)
    if previews.send_sample(view.template, language=view.language, brand=view.brand, actor=operator):
        messages.success(request, gettext("Un essai part vers %(address)s.") % {"address": operator.email})
    else:
        messages.error(request, gettext("Trop d’essais en une heure : réessayez plus tard."))
    return redirect(view.address())


@access(OPERATORS)
@require_POST
def restore(request: HttpRequest, key: str, language: str) -> HttpResponse:
    """Put an earlier version in force again; 0 is the default."""
    view = _View(request, key, language)
    number, base = (_number(request.POST.get(name, "")) for name in ("number", "base"))
    try:
        texts.text_restore(key=key, language=view.language, number=number, base=base, actor=operator_of(request))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, gettext("Ces textes sont de nouveau en service."))
    return redirect(view.address())


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0


def _problems(template: MailTemplate, typed: Mapping[str, str]) -> dict[str, str]:
    problems = {code: texts.problem_of(template, code, text) for code, text in typed.items()}
    return {code: problem for code, problem in problems.items() if problem}


def _save(request: HttpRequest, view: "_View", form: TextsForm) -> bool:
    try:
        row = texts.text_save(
            key=view.template.key,
            language=view.language,
            texts=form.texts(),
            base=form.cleaned_data["base"],
            actor=operator_of(request),
        )
    except ValidationError as error:
        form.refuse(error)
        return False
    message = gettext("Textes enregistrés : ils valent dès le prochain envoi.") if row else gettext("Rien n’a changé.")
    messages.success(request, message)
    return True


def _families() -> list[dict[str, Any]]:
    changed = MailTextVersion.objects.order_by("template", "language", "-number").distinct("template", "language")
    languages: dict[str, list[str]] = {}
    for row in changed:
        if row.texts:
            languages.setdefault(row.template, []).append(row.language)
    return [
        {"label": label, "rows": [{"template": row, "languages": languages.get(row.key, [])} for row in templates]}
        for label, templates in FAMILIES
    ]


class _View:
    """What a page of one template shows: language, brand, mode, width, version, each a known one."""

    def __init__(self, request: HttpRequest, key: str, language: str = "") -> None:
        if key not in TEMPLATES:
            raise Http404
        self.template = TEMPLATES[key]
        parameters = request.POST if request.method == "POST" else request.GET
        known = dict(settings.LANGUAGES)
        if language and language not in known:
            raise Http404
        self.language = language or _one_of(known, parameters.get("lang", ""), translation.get_language() or "")
        self.brand = brand = _one_of(previews.BRANDS, parameters.get("brand", ""), "plain")
        self.brand = "platform" if self.template.is_of_platform else brand
        self.mode = _one_of(previews.MODES, parameters.get("mode", ""), "light")
        self.width = _one_of({"wide": 1, "narrow": 1}, parameters.get("width", ""), "wide")
        self.version = parameters.get("version", "")
        self.versions = texts.versions_of(key, self.language)

    def shown_version(self) -> MailTextVersion | None:
        return next((row for row in self.versions if str(row.number) == self.version), None)

    def mail(self) -> Any:
        version = self.shown_version()
        words = texts.usable(self.template, version.texts) if version else {} if self.version == "0" else None
        return previews.preview(self.template, language=self.language, brand=self.brand, texts=words)

    def drawn(self, typed: Mapping[str, str]) -> Any:
        mail = previews.preview(self.template, language=self.language, brand=self.brand, texts=typed)
        return {"mail": mail, "html": previews.forced(with_picture(mail.html, None), self.mode)}

    def initial(self) -> dict[str, Any]:
        last = self.versions[0] if self.versions else None
        with translation.override(self.language):
            words = default_texts(self.template) | dict(texts.usable(self.template, last.texts) if last else {})
        return {**words, "base": last.number if last else 0}

    def query(self, **changed: str) -> str:
        values = QueryDict(mutable=True)
        values.update({"lang": self.language, "brand": self.brand, "mode": self.mode, "width": self.width} | changed)
        return values.urlencode()

    def address(self) -> str:
        return f"{reverse('admin:mailing_template', args=[self.template.key])}?{self.query()}"

    def context(self) -> dict[str, Any]:
        mail, last = self.mail(), self.versions[0] if self.versions else None
        frame_query = self.query(version=self.version) if self.version else self.query()
        return {
            "title": str(self.template.title),
            "template": self.template,
            "view": self,
            "mail": mail,
            "base": last.number if last else 0,
            "is_default": not (last and last.texts),
            "frame": f"{reverse('admin:mailing_template_frame', args=[self.template.key])}?{frame_query}",
            "choices": self._choices(),
            "variables": self._variables(),
        }

    def _choices(self) -> list[dict[str, Any]]:
        """The rows of links that change one thing of what is shown."""
        rows: list[tuple[str, str, str, Mapping[str, Any]]] = [
            ("lang", gettext("Langue"), self.language, dict(settings.LANGUAGES)),
            ("brand", gettext("Marque"), self.brand, {code: label for code, (label, _hue) in previews.BRANDS.items()}),
            ("mode", gettext("Mode"), self.mode, previews.MODES),
            ("width", gettext("Largeur"), self.width, {"wide": gettext("Ordinateur"), "narrow": gettext("Téléphone")}),
        ]
        return [
            {
                "label": label,
                "links": [(text, f"?{self.query(**{name: code})}", code == chosen) for code, text in options.items()],
            }
            for name, label, chosen, options in rows
            if name != "brand" or not self.template.is_of_platform
        ]

    def _variables(self) -> list[tuple[str, Any, str]]:
        with translation.override(self.language):
            samples = previews.sample_values(self.template)
        return [(f"{{{row.name}}}", row.label, samples[row.name]) for row in self.template.variables]


def _one_of(known: Mapping[str, Any], parameters: str, default: str) -> str:
    return parameters if parameters in known else default if default in known else next(iter(known))
