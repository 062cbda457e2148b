"""The console's page of prices. A price is never changed, only replaced."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import formats
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from accounts.http import operator_of
from plans import prices
from plans.console.forms import PriceForm
from plans.models import Price
from ui.console import ReadOnlyAdmin, act_page, badge, figure, moment, posted


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin):
    list_display = ("shown_product", "shown_interval", "shown_amount", "shown_created", "shown_state")
    list_filter = ("is_active", "interval", "currency")
    list_select_related = ("plan", "add_on")
    list_display_links = None
    actions_list = ("set_price",)

    @action(description=_("Fixer un tarif"), url_path="set", icon="add", variant=ActionVariant.PRIMARY)
    def set_price(self, request: HttpRequest) -> HttpResponse:
        def do(form: Any) -> str:
            prices.price_set(form.chosen_product(), actor=operator_of(request), **form.service_arguments())
            return gettext("Le tarif est en vigueur.")

        return act_page(
            self,
            request,
            title=_("Fixer un tarif"),
            explanation=_("Il vaut pour les nouveaux abonnements. Ceux qui courent gardent le leur."),
            button=_("Fixer le tarif"),
            form=PriceForm(posted(request), initial={"currency": prices.EUR}),
            do=do,
            back=reverse("admin:plans_price_changelist"),
        )

    @display(description=_("Offre ou option"))
    def shown_product(self, row: Price) -> str:
        return gettext((row.plan or row.add_on).name)  # type: ignore[union-attr]

    @display(description=_("Période"), ordering="interval")
    def shown_interval(self, row: Price) -> str:
        return str(row.get_interval_display())

    @display(description=_("Montant HT"), ordering="amount_excl_vat")
    def shown_amount(self, row: Price) -> SafeString:
        shown = formats.number_format(row.amount_excl_vat, decimal_pos=2, force_grouping=True)
        return figure(f"{shown}\u00a0{row.currency}")

    @display(description=_("Ajouté le"), ordering="created_at")
    def shown_created(self, row: Price) -> str | SafeString:
        return moment(row.created_at)

    @display(description=_("État"), ordering="is_active")
    def shown_state(self, row: Price) -> SafeString:
        return badge(_("En vigueur"), "good") if row.is_active else badge(_("Remplacé"), "neutral")
