"""Result of a run of `fleet_migrate`, and the failures it stores."""

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from tenants.context import PUBLIC_SCHEMA, public_context
from tenants.fleet.plan import Plan
from tenants.fleet.survey import Group, Member
from tenants.models import SchemaFailure


@dataclass(frozen=True)
class Failure:
    """A schema that was rolled back, with the migrations and the error."""

    member: Member
    migration: str
    error: str

    def as_dict(self) -> dict[str, str]:
        slug = {"slug": self.member.slug} if self.member.slug else {}
        return {"schema": self.member.schema_name, **slug, "migration": self.migration, "error": self.error}


@dataclass
class Report:
    """Result of a run. `not_tried`: schemas skipped after the failure of a canary or of the first ones of a group."""

    schemas: int = 0
    public: list[str] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)
    migrated: int = 0
    failed: list[Failure] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    not_tried: int = 0
    retries: int = 0
    seconds: float = 0.0

    @property
    def failed_names(self) -> set[str]:
        return {failure.member.schema_name for failure in self.failed}

    @property
    def status(self) -> str:
        if self.failed or self.not_tried or self.missing:
            return "failed"
        return "migrated" if self.migrated or self.public else "current"

    def as_dict(self) -> dict[str, Any]:
        """The report as `--json` prints it."""
        return {
            "status": self.status,
            "schemas": self.schemas,
            "public": self.public,
            "groups": self.groups,
            "migrated": self.migrated,
            "failed": [failure.as_dict() for failure in self.failed],
            "missing": self.missing,
            "not_tried": self.not_tried,
            "retries": self.retries,
            "seconds": round(self.seconds, 2),
        }


def group_summary(group: Group, plan: Plan) -> dict[str, Any]:
    return {"schemas": len(group.members), "migrations": plan.names}


def error_text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".strip()[:2000]


def public_failure(error: Exception) -> Failure:
    return Failure(Member(PUBLIC_SCHEMA), "", error_text(error))


def save_failure(failure: Failure) -> None:
    with public_context(), transaction.atomic():
        row, created = SchemaFailure.objects.get_or_create(
            schema_name=failure.member.schema_name,
            defaults={"migration": failure.migration, "error": failure.error},
        )
        if not created:
            row.migration, row.error, row.tries = failure.migration, failure.error, row.tries + 1
            row.failed_at = timezone.now()
            row.save()
