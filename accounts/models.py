"""Users (operators in public, members in each workspace), their roles, and the audit log.

Accounts with the same e-mail in two workspaces are independent.
"""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group, Permission, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from accounts.addresses import plain_address
from tenants.ids import new_id
from ui.lines import LineEmailField, LineField


class Role(models.TextChoices):
    OPERATOR = "operator", _("Opérateur")
    OWNER = "owner", _("Propriétaire")
    ADMIN = "admin", _("Administrateur")
    INSTRUCTOR = "instructor", _("Formateur")
    MEMBER = "member", _("Membre")
    LEARNER = "learner", _("Apprenant")
    PROMOTER = "promoter", _("Promoteur")


class PersonEmailField(LineEmailField):  # type: ignore[type-arg]
    """E-mail address of a user, compared in lower case so that the unique index on `LOWER(email)` is used.

    allauth looks users up by `email=`, which would otherwise scan the table.
    """


@PersonEmailField.register_lookup
class CaseInsensitiveExact(Exact):
    """`LOWER(email) = LOWER(value)`."""

    def process_lhs(self, compiler: Any, connection: Any, lhs: Any = None) -> tuple[str, Any]:
        sql, params = super().process_lhs(compiler, connection, lhs)
        return f"LOWER({sql})", params

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        return f"= LOWER({rhs})"


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a user in the schema of the context."""
        user = self.model(email=plain_address(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an operator; a CHECK refuses it in a workspace's schema."""
        fields |= {"is_staff": True, "is_superuser": True, "role": Role.OPERATOR}
        return self.create_user(email, password, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A user of one schema. In a workspace, a CHECK keeps `is_staff` and `is_superuser` false."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = PersonEmailField(_("adresse e-mail"))
    name = LineField(_("nom"), max_length=120, blank=True)
    role = LineField(_("rôle"), max_length=12, choices=Role.choices, default=Role.MEMBER)
    language = LineField(_("langue"), max_length=5, blank=True)
    # Name of a zone of IANA's database; blank: the platform's.
    time_zone = LineField(_("fuseau horaire"), max_length=40, blank=True, default="", db_default="")
    # File name of the picture (accounts/avatars.py).
    avatar = LineField(max_length=60, blank=True, default="", db_default="", editable=False)
    is_active = models.BooleanField(_("actif"), default=True)
    is_staff = models.BooleanField(_("accès à la console"), default=False)
    must_change_password = models.BooleanField(_("doit changer de mot de passe"), default=False)
    date_joined = models.DateTimeField(_("inscrit le"), auto_now_add=True)
    # The last request, to some minutes (`profiles.note_visit`).
    last_seen_at = models.DateTimeField(_("dernière visite"), null=True, editable=False)
    # Groups and permissions are in public, and a workspace has no foreign keys into public.
    groups = models.ManyToManyField(  # type: ignore[assignment]
        Group, verbose_name=_("groupes"), blank=True, db_constraint=False
    )
    user_permissions = models.ManyToManyField(  # type: ignore[assignment]
        Permission, verbose_name=_("permissions"), blank=True, db_constraint=False
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("personne")
        verbose_name_plural = _("personnes")
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="accounts_user_email_lower")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def seen_at(self) -> datetime | None:
        """When the person was last here. People who have not come since visits are noted: their last sign-in."""
        return self.last_seen_at or self.last_login

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email.split("@")[0]


class AuditEntry(models.Model):
    """An action in this schema with its actor and details. The application's database role can only insert."""

    append_only = True
    grows = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(_("date"), auto_now_add=True)
    actor_id = models.UUIDField(null=True)
    actor = LineField(_("auteur"), max_length=200)
    action = LineField(_("acte"), max_length=80)
    target = LineField(_("objet"), max_length=200, blank=True)
    details = models.JSONField(_("détails"), default=dict)
    request_id = LineField(_("requête"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("entrée du journal")
        verbose_name_plural = _("journal d’audit")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["actor_id", "-id"], name="accounts_audit_actor")]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"
