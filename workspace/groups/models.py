"""Groups of members: later those to whom courses, contents and budgets are given."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_id
from ui.lines import LineField


class MemberGroup(models.Model):
    """A named group of members. It gives no access by itself."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = LineField(_("nom"), max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("groupe")
        verbose_name_plural = _("groupes")
        constraints: ClassVar = [models.UniqueConstraint(Lower("name"), name="workspace_group_name")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A member in a group. It ends with either."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    group = models.ForeignKey(MemberGroup, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("appartenance")
        verbose_name_plural = _("appartenances")
        constraints: ClassVar = [models.UniqueConstraint(fields=["group", "person"], name="workspace_group_once")]

    def __str__(self) -> str:
        return f"{self.group_id} {self.person_id}"
