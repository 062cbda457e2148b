"""The operator's pages of coupons and promotion codes. The services of billing/discounts.py write."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from accounts.http import operator_of
from billing import discounts
from billing.console.discount_forms import CouponForm, PromotionCodeForm
from billing.console.parts import stripe_act_page
from billing.models import Coupon, PromotionCode
from ui.console import NOTHING, amount, badge, figure, moment, posted
from ui.console_acts import ActsAdmin
from ui.console_text import two_lines


class _DiscountAdmin(ActsAdmin):
    list_display_links = None
    show_act_page = staticmethod(stripe_act_page)


@admin.register(Coupon)
class CouponAdmin(_DiscountAdmin):
    list_display = ("shown_name", "shown_off", "shown_duration", "shown_codes", "shown_added", "shown_state")
    actions_list = ("add_coupon",)
    key_converter = "slug"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Coupon]:
        in_force = Count("codes", filter=Q(codes__is_active=True))
        return super().get_queryset(request).annotate(in_force=in_force)  # type: ignore[no-any-return]

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.offer_view)
        return [path("<slug:code>/offer/", view, name=self.url_name("offer")), *super().get_urls()]

    @action(description=_("Créer une remise"), url_path="create", icon="add", variant=ActionVariant.PRIMARY)
    def add_coupon(self, request: HttpRequest) -> HttpResponse:
        def do(form: CouponForm) -> None:
            discounts.coupon_add(**form.cleaned_data, actor=operator_of(request))

        return self.act(
            request,
            CouponForm(posted(request)),
            do,
            message=gettext("La remise est créée."),
            title=_("Créer une remise"),
            explanation=_("Personne ne l’a encore : créez ensuite un code, ou proposez-la à qui veut résilier."),
            button=_("Créer la remise"),
        )

    def offer_view(self, request: HttpRequest, code: str) -> HttpResponse:
        row = get_object_or_404(Coupon, pk=code)
        return self.act(
            request,
            forms.Form(posted(request)),
            lambda form: discounts.coupon_offer(code=row.pk, actor=operator_of(request)),
            message=gettext("La remise est proposée à qui veut résilier."),
            title=gettext("Proposer « %(name)s »") % {"name": gettext(row.name)},
            explanation=_("Elle sera proposée à la résiliation, à la place de celle qui l’est aujourd’hui."),
            button=_("Proposer"),
        )

    def end(self, request: HttpRequest, row: Any, reason: str) -> None:
        discounts.coupon_end(code=row.pk, reason=reason, actor=operator_of(request))

    def end_page(self, row: Any) -> dict[str, Any]:
        return {
            "message": gettext("La remise est terminée."),
            "title": gettext("Terminer la remise « %(name)s »") % {"name": gettext(row.name)},
            "explanation": _("Ses codes prennent fin et elle n’est plus proposée. Ceux qui l’ont la gardent."),
            "button": _("Terminer"),
            "danger": True,
        }

    @display(description=_("Remise"), ordering="name")
    def shown_name(self, row: Coupon) -> SafeString:
        return two_lines(gettext(row.name), row.code)

    @display(description=_("Montant"))
    def shown_off(self, row: Coupon) -> SafeString:
        if row.percent_off is not None:
            places = len(f"{row.percent_off.normalize():f}".partition(".")[2])
            return figure(f"{formats.number_format(row.percent_off, decimal_pos=places)}\u00a0%")
        return amount(row.amount_off_excl_vat or Decimal(0))

    @display(description=_("Durée"), ordering="duration")
    def shown_duration(self, row: Coupon) -> str:
        if row.months:
            return ngettext("%(count)d mois", "%(count)d mois", row.months) % {"count": row.months}
        return str(row.get_duration_display())

    @display(description=_("Codes en vigueur"))
    def shown_codes(self, row: Any) -> SafeString:
        return figure(row.in_force or NOTHING)

    @display(description=_("Ajoutée le"), ordering="created_at")
    def shown_added(self, row: Coupon) -> str | SafeString:
        return moment(row.created_at)

    @display(description=_("État"), ordering="is_counter_offer")
    def shown_state(self, row: Any) -> SafeString:
        parts = []
        if row.is_counter_offer:
            parts.append(badge(_("Proposée à qui résilie"), "good"))
        else:
            parts.append(self.act_link(row, "offer", _("Proposer à qui résilie…")))
        if row.is_counter_offer or row.in_force:
            parts.append(self.act_link(row, "end", _("Terminer…")))
        return format_html_join(" ", "{}", ((part,) for part in parts))


@admin.register(PromotionCode)
class PromotionCodeAdmin(_DiscountAdmin):
    list_display = ("shown_code", "shown_coupon", "shown_for", "shown_most", "shown_until", "shown_state")
    list_filter = ("is_active",)
    list_select_related = ("coupon",)
    search_fields = ("code", "coupon__name")
    actions_list = ("add_code",)

    @action(description=_("Créer un code"), url_path="create", icon="add", variant=ActionVariant.PRIMARY)
    def add_code(self, request: HttpRequest) -> HttpResponse:
        def do(form: PromotionCodeForm) -> None:
            discounts.code_add(**form.given(), actor=operator_of(request))

        return self.act(
            request,
            PromotionCodeForm(posted(request)),
            do,
            message=gettext("Le code est en vigueur."),
            title=_("Créer un code promotionnel"),
            explanation=_("Saisi au moment de payer, il donne la remise."),
            button=_("Créer le code"),
        )

    def end(self, request: HttpRequest, row: Any, reason: str) -> None:
        discounts.code_end(code_id=row.pk, reason=reason, actor=operator_of(request))

    def end_page(self, row: Any) -> dict[str, Any]:
        return {
            "message": gettext("Le code est terminé."),
            "title": gettext("Terminer le code « %(code)s »") % {"code": row.code},
            "explanation": _("Personne ne pourra plus l’utiliser. Ceux qui ont la remise la gardent."),
            "button": _("Terminer"),
            "danger": True,
        }

    @display(description=_("Code"), ordering="code")
    def shown_code(self, row: PromotionCode) -> SafeString:
        return format_html('<span class="rc-strong rc-nowrap">{}</span>', row.code)

    @display(description=_("Remise"), ordering="coupon")
    def shown_coupon(self, row: PromotionCode) -> str:
        return gettext(row.coupon.name)

    @display(description=_("Pour qui"), ordering="first_time_only")
    def shown_for(self, row: PromotionCode) -> str:
        return gettext("Premier abonnement") if row.first_time_only else gettext("Tout le monde")

    @display(description=_("Utilisations au plus"), ordering="max_redemptions")
    def shown_most(self, row: PromotionCode) -> SafeString:
        most = row.max_redemptions
        return figure(gettext("sans limite") if most is None else formats.number_format(most, force_grouping=True))

    @display(description=_("Jusqu’au"), ordering="expires_at")
    def shown_until(self, row: PromotionCode) -> str | SafeString:
        return moment(row.expires_at)

    @display(description=_("État"), ordering="is_active")
    def shown_state(self, row: PromotionCode) -> SafeString:
        if not row.is_active:
            return badge(_("Terminé"), "neutral")
        if row.expires_at and row.expires_at <= timezone.now():
            return badge(_("Expiré"), "neutral")
        return self.act_link(row, "end", _("Terminer…"))
