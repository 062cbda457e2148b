"""The operator's console (django-unfold): navigation, colours, labels."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

__all__ = ["UNFOLD"]


def _link(title: Any, icon: str, view: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(view)}


def _section(title: Any, *items: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "separator": True, "items": list(items)}


# The brand's hue, as in assets/css/ruche.css. White text on 600, and 400 and 500 on dark, have AA contrast.
_HUE = "75"
_PRIMARY = {
    "50": f"oklch(98% 0.018 {_HUE})",
    "100": f"oklch(95% 0.042 {_HUE})",
    "200": f"oklch(91% 0.08 {_HUE})",
    "300": f"oklch(86% 0.12 {_HUE})",
    "400": f"oklch(80% 0.14 {_HUE})",
    "500": f"oklch(72% 0.14 {_HUE})",
    "600": f"oklch(51% 0.11 {_HUE})",
    "700": f"oklch(45% 0.1 {_HUE})",
    "800": f"oklch(39% 0.085 {_HUE})",
    "900": f"oklch(34% 0.07 {_HUE})",
    "950": f"oklch(25% 0.05 {_HUE})",
}
# Greys tinted with the same hue.
_BASE = {
    "50": f"oklch(98.2% 0.003 {_HUE})",
    "100": f"oklch(96% 0.004 {_HUE})",
    "200": f"oklch(91.5% 0.006 {_HUE})",
    "300": f"oklch(86% 0.008 {_HUE})",
    "400": f"oklch(71% 0.012 {_HUE})",
    "500": f"oklch(52% 0.012 {_HUE})",
    "600": f"oklch(43% 0.012 {_HUE})",
    "700": f"oklch(36% 0.012 {_HUE})",
    "800": f"oklch(27.5% 0.008 {_HUE})",
    "900": f"oklch(21% 0.006 {_HUE})",
    "950": f"oklch(15% 0.005 {_HUE})",
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Ruche",
    "SITE_HEADER": "Ruche",
    "SITE_SUBHEADER": _("Console de l’opérateur"),
    "SITE_ICON": lambda request: static("icons/favicon.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("icons/favicon.svg")},
    ],
    "SHOW_LANGUAGES": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_HISTORY": True,
    "DASHBOARD_CALLBACK": "console.dashboard.dashboard",
    "BORDER_RADIUS": "8px",
    "COLORS": {"base": _BASE, "primary": _PRIMARY},
    "STYLES": [lambda request: static("admin-extra/console.css")],
    "SCRIPTS": [lambda request: static("admin-extra/icons.js")],
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": [
            _section("", _link(_("Vue d’ensemble"), "dashboard", "admin:index")),
            _section(
                _("Espaces"),
                _link(_("Espaces"), "hive", "admin:tenants_tenant_changelist"),
                _link(_("Domaines"), "language", "admin:tenants_domain_changelist"),
                _link(_("Migrations échouées"), "sync_problem", "admin:tenants_schemafailure_changelist"),
                _link(_("Suppressions"), "verified", "admin:tenants_deletioncertificate_changelist"),
            ),
            _section(
                _("Utilisation"),
                _link(_("Actes mesurés"), "receipt_long", "admin:usage_usageevent_changelist"),
                _link(_("Chiffres par jour"), "monitoring", "admin:analytics_dailyfigures_changelist"),
                _link(_("Compteurs"), "speed", "admin:usage_quotacounter_changelist"),
                _link(_("Réservations"), "hourglass_empty", "admin:usage_reservation_changelist"),
            ),
            _section(
                _("Catalogue"),
                _link(_("Assistants"), "auto_awesome", "admin:assistants_assistant_changelist"),
                _link(_("Modèles"), "memory", "admin:assistants_model_changelist"),
                _link(_("Prix"), "euro", "admin:assistants_price_changelist"),
            ),
            _section(
                _("Facturation"),
                _link(_("Abonnements"), "autorenew", "admin:billing_subscription_changelist"),
                _link(_("Impayés"), "running_with_errors", "admin:billing_dunning_changelist"),
                _link(_("Résiliations"), "logout", "admin:billing_cancellation_changelist"),
                _link(_("Événements de Stripe"), "webhook", "admin:billing_webhookevent_changelist"),
                _link(_("Revenus"), "trending_up", "admin:billing_revenue"),
                _link(_("Offres"), "sell", "admin:plans_plan_changelist"),
                _link(_("Options"), "extension", "admin:plans_addon_changelist"),
                _link(_("Tarifs"), "payments", "admin:plans_price_changelist"),
                _link(_("Remises"), "percent", "admin:billing_coupon_changelist"),
                _link(_("Codes promotionnels"), "confirmation_number", "admin:billing_promotioncode_changelist"),
                _link(_("Conditions de vente"), "gavel", "admin:billing_termsversion_changelist"),
                _link(_("Acceptations"), "task_alt", "admin:billing_termsacceptance_changelist"),
                _link(_("Options des espaces"), "add_circle", "admin:plans_tenantaddon_changelist"),
                _link(_("Dérogations"), "tune", "admin:plans_override_changelist"),
            ),
            _section(
                _("Messagerie"),
                _link(_("E-mails envoyés"), "mail", "admin:mailing_outboxmessage_changelist"),
                _link(_("Modèles d’e-mails"), "draft", "admin:mailing_templates"),
                _link(_("Séquences"), "route", "admin:mailing_sequencerun_changelist"),
                _link(_("Délivrabilité"), "verified", "admin:mailing_deliverability"),
                _link(_("Adresses bloquées"), "block", "admin:mailing_suppression_changelist"),
            ),
            _section(
                _("Automatismes"),
                _link(_("Livraisons de faits"), "outbox", "admin:events_delivery_changelist"),
            ),
            _section(
                _("Site"),
                _link(_("Audience du site"), "insights", "admin:website_audience"),
                _link(_("Contacts"), "contact_mail", "admin:website_lead_changelist"),
                _link(_("Articles du site"), "article", "admin:website_article_changelist"),
                _link(_("Textes légaux"), "policy", "admin:website_legalversion_changelist"),
                _link(_("Plateforme"), "storefront", "admin:tenants_platform_changelist"),
            ),
            _section(
                _("Équipe"),
                _link(_("Opérateurs"), "group", "admin:accounts_user_changelist"),
                _link(_("Journal d’audit"), "history", "admin:accounts_auditentry_changelist"),
            ),
        ],
    },
}
