"""Versions of the terms of sale and their acceptances. Both are append-only."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_id
from ui.lines import LineField


class TermsVersion(models.Model):
    """One version of the terms of sale. The latest is in force.

    `text`: the binding French text; `sha256`: hexadecimal digest of its UTF-8 bytes. `translation`: English, for
    information. Both are plain text: a line that begins with "## " is a heading, empty lines separate paragraphs.
    """

    append_only = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.PositiveIntegerField(_("version"), unique=True)
    text = models.TextField(_("texte"))
    translation = models.TextField(_("traduction anglaise"), blank=True)
    sha256 = LineField(_("empreinte du texte"), max_length=64)
    published_at = models.DateTimeField(_("publiée le"), auto_now_add=True)
    published_by = LineField(_("publiée par"), max_length=254)

    class Meta:
        verbose_name = _("version des conditions de vente")
        verbose_name_plural = _("conditions de vente")
        ordering: ClassVar = ["-number"]

    def __str__(self) -> str:
        return str(self.number)


class TermsAcceptance(models.Model):
    """A buyer's acceptance of one version for one order: proof of a contract, kept after the workspace is deleted.

    `person`: the buyer's mail address at that time. `origin`: IP address of the request. `reference`: Stripe's id of
    the checkout session, or of the changed subscription.
    """

    append_only = True

    class Act(models.TextChoices):
        CHECKOUT = "checkout", _("commande")
        CHANGE = "change", _("changement d’offre")
        SIGN_UP = "sign_up", _("inscription")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(_("date"), auto_now_add=True)
    tenant_id = models.UUIDField(_("clé de l’espace"))
    person_id = models.UUIDField(_("clé de la personne"))
    person = LineField(_("acceptées par"), max_length=254)
    terms = models.ForeignKey(TermsVersion, on_delete=models.PROTECT, verbose_name=_("version"))
    sha256 = LineField(_("empreinte du texte"), max_length=64)
    origin = models.GenericIPAddressField(_("adresse d’origine"), null=True)
    act = LineField(_("pour"), max_length=8, choices=Act.choices)
    plan_code = LineField(_("offre"), max_length=40)
    interval = LineField(_("période"), max_length=5)
    add_ons = LineField(_("options"), max_length=500, blank=True)
    reference = LineField(_("clé chez Stripe"), max_length=255)

    class Meta:
        verbose_name = _("acceptation des conditions")
        verbose_name_plural = _("acceptations des conditions")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "terms"], name="billing_acceptance_tenant")]

    def __str__(self) -> str:
        return f"{self.person} · {self.terms_id}"
