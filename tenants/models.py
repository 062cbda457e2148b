"""Workspaces, their domains, ready schemas and migration records. All tables are in public."""

from typing import ClassVar

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_tenants.models import DomainMixin, TenantMixin

from tenants.context import TenantRef
from tenants.ids import new_id
from ui.lines import LineEmailField, LineField


class Tenant(TenantMixin):
    """A workspace. Its id and schema name never change; only `tenants.services` writes its state."""

    class State(models.TextChoices):
        TRIAL = "trial", _("Essai")
        ACTIVE = "active", _("Actif")
        PAST_DUE = "past_due", _("Paiement en retard")
        SUSPENDED = "suspended", _("Suspendu")
        CLOSED = "closed", _("Fermé")

    auto_create_schema = False
    auto_drop_schema = False

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = LineField(_("adresse courte"), max_length=40, unique=True)
    name = LineField(_("nom"), max_length=120)
    email = LineEmailField(_("e-mail du propriétaire"))
    state = LineField(_("état"), max_length=12, choices=State.choices, default=State.TRIAL)
    state_reason = LineField(_("motif"), max_length=200, blank=True)
    state_since = models.DateTimeField(_("depuis"), auto_now_add=True)
    trial_ends_at = models.DateTimeField(_("fin de l’essai"), null=True, blank=True)
    # Threshold in days of the last reminder sent to the owners.
    trial_reminded = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    plan_code = LineField(_("offre"), max_length=40, default="starter")
    language = LineField(_("langue"), max_length=5, default="fr")
    brand_hue = models.PositiveSmallIntegerField(
        _("teinte de la marque"), null=True, blank=True, validators=[MaxValueValidator(359)]
    )
    logo = LineField(_("logo"), max_length=300, blank=True)
    version = models.PositiveIntegerField(default=0, editable=False)
    # Digest of the migrations applied to its schema (tenants/fleet/applied.py); empty if unknown.
    applied = LineField(max_length=32, default="", db_default="", blank=True, editable=False)
    created_at = models.DateTimeField(_("créé le"), auto_now_add=True)

    class Meta:
        verbose_name = _("espace")
        verbose_name_plural = _("espaces")
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def file_prefix(self) -> str:
        """Folder of the workspace's files in the storage."""
        return f"tenants/{self.pk}"

    def ref(self, domain: str) -> TenantRef:
        """The immutable snapshot of the workspace that requests and jobs carry."""
        return TenantRef(
            id=self.pk,
            schema_name=self.schema_name,
            slug=self.slug,
            name=self.name,
            state=self.state,
            plan_code=self.plan_code,
            language=self.language,
            domain=domain,
            file_prefix=self.file_prefix,
            brand_hue=self.brand_hue,
            logo=self.logo,
            trial_ends_at=self.trial_ends_at,
            version=self.version,
            applied=self.applied,
        )


class Domain(DomainMixin):
    """A host name at which a workspace answers."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    class Meta:
        verbose_name = _("domaine")
        verbose_name_plural = _("domaines")


class ReadySchema(models.Model):
    """A schema created in advance with all its tables. Free until a workspace claims it, by a lock on this row."""

    schema_name = LineField(_("schéma"), max_length=63, primary_key=True)
    created_at = models.DateTimeField(_("créé le"), auto_now_add=True)
    # A claimed schema never becomes free again: its row is deleted with the workspace's.
    tenant = models.OneToOneField(
        Tenant, verbose_name=_("espace"), null=True, blank=True, on_delete=models.CASCADE, related_name="ready_schema"
    )
    applied = LineField(max_length=32, default="", db_default="", blank=True, editable=False)

    class Meta:
        verbose_name = _("schéma prêt")
        verbose_name_plural = _("schémas prêts")

    def __str__(self) -> str:
        return self.schema_name


class AppliedSet(models.Model):
    """A set of applied migrations by its digest. Schemas with the same migrations share a row."""

    digest = LineField(max_length=32, primary_key=True)
    # Sorted list of "app.name".
    migrations = models.JSONField()

    class Meta:
        verbose_name = _("jeu de migrations")
        verbose_name_plural = _("jeux de migrations")

    def __str__(self) -> str:
        return self.digest


class SchemaFailure(models.Model):
    """A schema whose migration failed and was rolled back. Deleted when the schema is up to date."""

    schema_name = LineField(_("schéma"), max_length=63, primary_key=True)
    migration = LineField(_("migration"), max_length=255)
    error = models.TextField(_("erreur"))
    tries = models.PositiveIntegerField(_("essais"), default=1)
    failed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("migration échouée")
        verbose_name_plural = _("migrations échouées")

    def __str__(self) -> str:
        return f"{self.schema_name}: {self.migration}"


class Platform(models.Model):
    """The operator: name, contact and legal identity. One row, read through `tenants.platform`.

    `mark`: a square logo as WebP, at most some tens of kilobytes; `mark_digest`: names it in its address.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = LineField(_("nom de la plateforme"), max_length=60, default="Ruche")
    email = LineEmailField(_("adresse e-mail de contact"), blank=True)
    phone = LineField(_("téléphone"), max_length=40, blank=True)
    legal_name = LineField(_("raison sociale"), max_length=120, blank=True)
    legal_form = LineField(_("forme juridique et capital"), max_length=120, blank=True)
    registry = LineField(_("ville du RCS"), max_length=80, blank=True)
    siren = LineField(_("SIREN"), max_length=9, blank=True)
    vat_number = LineField(_("numéro de TVA"), max_length=20, blank=True)
    address = models.TextField(_("adresse postale"), max_length=400, blank=True)
    director = LineField(_("directeur de la publication"), max_length=120, blank=True)
    host_name = LineField(_("hébergeur"), max_length=120, blank=True)
    host_address = models.TextField(_("adresse de l’hébergeur"), max_length=400, blank=True)
    host_phone = LineField(_("téléphone de l’hébergeur"), max_length=40, blank=True)
    mark = models.BinaryField(_("logo"), default=b"")
    mark_digest = LineField(max_length=16, blank=True, editable=False)

    class Meta:
        verbose_name = _("plateforme")
        verbose_name_plural = _("plateforme")
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="tenants_platform_once"),
        ]

    def __str__(self) -> str:
        return self.name


class DeletionCertificate(models.Model):
    """Record that a workspace existed and was deleted. Append-only."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField(_("clé de l’espace"))
    slug = LineField(max_length=40)
    name = LineField(_("nom"), max_length=120)
    reason = LineField(_("motif"), max_length=200)
    created_at = models.DateTimeField(_("espace créé le"))
    deleted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("certificat de suppression")
        verbose_name_plural = _("certificats de suppression")

    def __str__(self) -> str:
        return self.slug
