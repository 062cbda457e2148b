"""Template tags and filters of the interface, used by the components in templates/components/."""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from django import forms, template
from django.forms.boundfield import BoundField
from django.template import Context, Engine
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.templatetags.static import static
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ui.labels import without_unit

register = template.Library()

NOTHING: Final = "—"
NBSP: Final = "\u00a0"
# Amounts below one euro have four decimals: a call that costs a fraction of a cent must not look free.
SMALL_MONEY_DECIMALS: Final = 4


@register.simple_tag
def icon(name: str, size: int = 20, label: str = "", css: str = "") -> SafeString:
    """A Lucide icon from the sprite. Hidden from screen readers unless it has a label."""
    meaning = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="icon {}" width="{}" height="{}" viewBox="0 0 24 24" stroke-width="{}" stroke-linecap="round" '
        'stroke-linejoin="round" focusable="false" {}><use href="{}#{}"></use></svg>',
        css,
        size,
        size,
        "2" if size <= 16 else "1.75",
        meaning,
        static("icons/lucide.svg"),
        name,
    )


@register.simple_block_tag(takes_context=True)
def component(context: Context, content: str, name: str, **variables: Any) -> str:
    """Render templates/components/<name>.html around a body: {% component "card" title=… %}…{% endcomponent %}."""
    engine = context.template.engine if context.template else Engine.get_default()
    with context.push(**variables, body=content):
        return str(engine.get_template(f"components/{name}.html").render(context))


@register.simple_tag
def control(field: BoundField, **attributes: Any) -> SafeString:
    """The widget of a form field with our CSS classes. Underscores in attribute names become dashes."""
    widget = field.field.widget
    attrs = {key.replace("_", "-"): value for key, value in attributes.items()}
    attrs["class"] = " ".join(filter(None, [widget.attrs.get("class"), _control_class(widget), attrs.get("class")]))
    if isinstance(widget, forms.Textarea):
        attrs.setdefault("data-autosize", "")
    return field.as_widget(attrs=attrs)


def _control_class(widget: forms.Widget) -> str:
    # Order matters: CheckboxSelectMultiple is a subclass of RadioSelect.
    for kinds, css in (
        (forms.CheckboxSelectMultiple, "checkbox checkbox-sm"),
        (forms.RadioSelect, "radio radio-sm"),
        (forms.CheckboxInput, "checkbox checkbox-sm"),
        (forms.Select, "select"),
        (forms.Textarea, "textarea"),
        (forms.FileInput, "file-input"),
    ):
        if isinstance(widget, kinds):
            return css
    return "input"


@register.filter
def logo_url(path: str) -> str:
    """The URL of a workspace's logo, from its storage path."""
    return reverse("brand_logo", args=[path.rsplit("/", 1)[-1]])


@register.filter
def logo_icon_url(path: str, form: str) -> str:
    """The URL of a logo's "icon" (tabs) or "tile" (home screens); "" for a logo stored before there were any."""
    name = path.rsplit("/", 1)[-1]
    return reverse("brand_logo", args=[name.replace(".png", f"_{form}.png")]) if name.startswith("mark_") else ""


@register.filter
def control_kind(field: BoundField) -> str:
    """How components/field.html lays a field out: "check", "choices", "hidden" or "line"."""
    widget = field.field.widget
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    return "check" if isinstance(widget, forms.CheckboxInput) else "line"


@register.filter
def money(value: Any, decimals: int | None = None) -> str:
    """An amount in euros, rounded for display: 12,50 €, 0,0255 €, €12.50 in English."""
    amount = _decimal(value)
    if amount is None:
        return NOTHING
    rounded = _rounded_money(amount, decimals)
    if rounded == 0 and amount != 0:
        return _("moins de %(amount)s") % {"amount": _with_currency(rounded.copy_abs() + _unit(decimals))}
    return _with_currency(rounded)


def _unit(decimals: int | None) -> Decimal:
    return Decimal(1).scaleb(-(SMALL_MONEY_DECIMALS if decimals is None else decimals))


def _rounded_money(amount: Decimal, decimals: int | None) -> Decimal:
    if decimals is not None:
        return amount.quantize(_unit(decimals), ROUND_HALF_UP)
    if abs(amount) >= 1:
        return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    fine = amount.quantize(_unit(None), ROUND_HALF_UP)
    coarse = fine.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return coarse if coarse == fine else fine.normalize()


def _with_currency(amount: Decimal) -> str:
    sign, _digits, exponent = amount.as_tuple()
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    figure = formats.number_format(abs(amount), decimal_pos=places, use_l10n=True, force_grouping=True)
    # Translators: how an amount is written; in English "€%(figure)s".
    text = pgettext("amount", "%(figure)s €") % {"figure": figure}
    return f"\u2212{text}" if sign and amount else text


@register.filter
def number(value: Any, decimals: int = 0) -> str:
    """A grouped figure: 12 500 in French, 12,500 in English."""
    figure = _decimal(value)
    if figure is None:
        return NOTHING
    return formats.number_format(round(figure, decimals), decimal_pos=decimals, use_l10n=True, force_grouping=True)


@register.filter
def tokens(value: Any) -> str:
    """A number of tokens in short form: 950, 12,5 k, 1,25 M."""
    figure = _decimal(value)
    if figure is None:
        return NOTHING
    for limit, unit in ((Decimal(1_000_000), "M"), (Decimal(10_000), "k")):
        if abs(figure) >= limit:
            size = Decimal(1_000_000 if unit == "M" else 1_000)
            return f"{_short(figure / size)}{NBSP}{unit}"
    return number(figure)


@register.filter
def filesize(value: Any) -> str:
    """A size in bytes in decimal units: 820 octets, 1,2 Mo, 50 Go."""
    size = _decimal(value)
    if size is None:
        return NOTHING
    if size < 1000:
        return _("%(size)s octets") % {"size": number(size)}
    for unit in (_("%(size)s Ko"), _("%(size)s Mo"), _("%(size)s Go")):
        size /= 1000
        if size < 1000:
            return unit % {"size": _short(size)}
    return _("%(size)s To") % {"size": _short(size / 1000)}


def _short(figure: Decimal) -> str:
    """At most three significant digits, without trailing zeros."""
    places = 0 if abs(figure) >= 100 else 1 if abs(figure) >= 10 else 2
    text = formats.number_format(round(figure, places), decimal_pos=places, use_l10n=True, force_grouping=True)
    separator = formats.get_format("DECIMAL_SEPARATOR")
    return text.rstrip("0").rstrip(separator) if places else text


@register.filter
def limit_text(entitlement: Any) -> str:
    """The limit of an entitlement in its unit. Takes a row with `key` and `limit` (None: unlimited)."""
    if entitlement is None:
        return NOTHING
    if entitlement.limit is None:
        return _("illimité")
    if entitlement.key == "ai_euros":
        return str(money(entitlement.limit, 0))
    writer = {"storage": filesize, "ai_tokens": tokens}.get(entitlement.key, number)
    return str(writer(entitlement.limit))


@register.filter
def limit_label(entitlement: Any) -> str:
    """The name of a limit, without the unit, which `limit_text` shows."""
    return without_unit(_(entitlement.label))


@register.filter
def only(entitlements: Any, keys: str) -> list[Any]:
    """The rows whose key is in a comma-separated list, in the order of the list."""
    by_key = {row.key: row for row in entitlements}
    return [by_key[key] for key in keys.split(",") if key in by_key]


@register.simple_tag
def comparison(plans: Any) -> list[dict[str, Any]]:
    """Rows of a comparison of plans, {"label", "values"}, one for each limit, in order of first appearance."""
    rows: dict[str, Any] = {}
    by_plan = [{row.key: row for row in plan.entitlements.all()} for plan in plans]
    for limits in by_plan:
        for key, row in limits.items():
            rows.setdefault(key, row)
    return [
        {"label": limit_label(row), "values": [limit_text(limits.get(key)) for limits in by_plan]}
        for key, row in rows.items()
    ]


@register.simple_tag(takes_context=True)
def block_again(context: Context, name: str) -> SafeString:
    """Render a block of the page a second time, such as the heading in the title."""
    node = context.render_context[BLOCK_CONTEXT_KEY].get_block(name)
    return SafeString(node.render(context).strip())


@register.filter
def initials(value: Any) -> str:
    """One or two letters for an avatar: "Camille Durand" is CD, "camille@…" is C."""
    words = [word for word in str(value or "").split("@")[0].replace(".", " ").replace("-", " ").split() if word]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


@register.filter
def when(value: datetime | None) -> str:
    """A datetime relative to now, in the reader's time zone: à l’instant, il y a 5 min, hier à 14:32, 12 mars."""
    if value is None:
        return NOTHING
    moment, now = timezone.localtime(value), timezone.localtime()
    minutes = int((now - moment) / timedelta(minutes=1))
    if 0 <= minutes < 1:
        return _("à l’instant")
    if 0 < minutes < 60:
        return _("il y a %(minutes)s min") % {"minutes": minutes}
    return _by_day(moment, (now.date() - moment.date()).days, now.year)


def _by_day(moment: datetime, days_ago: int, this_year: int) -> str:
    hour = formats.date_format(moment, "TIME_FORMAT")
    if days_ago == 0:
        return _("aujourd’hui à %(hour)s") % {"hour": hour}
    if days_ago == 1:
        return _("hier à %(hour)s") % {"hour": hour}
    return formats.date_format(moment, "MONTH_DAY_FORMAT" if moment.year == this_year else "DATE_FORMAT")


@register.filter
def undo_url(message: Any) -> str:
    """The URL that undoes a message: messages.success(…, extra_tags="undo:/path/") gives "/path/"."""
    for tag in (getattr(message, "extra_tags", "") or "").split():
        path = tag.removeprefix("undo:")
        if path != tag and path.startswith("/") and not path.startswith("//"):
            return path
    return ""


def _decimal(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
