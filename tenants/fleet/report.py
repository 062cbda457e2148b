"""What a run of `fleet_migrate` did, and the failures that it writes down."""

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from tenants.context import PUBLIC_SCHEMA, public_context
from tenants.fleet.plan import Plan
from tenants.fleet.survey import Alike, Member
from tenants.models import SchemaFailure


@dataclass(frozen=True)
class Failure:
    """A schema that was rolled back, and why."""

    member: Member
    migration: str
    error: str

    def told(self) -> dict[str, str]:
        slug = {"slug": self.member.slug} if self.member.slug else {}
        return {"schema": self.member.schema_name, **slug, "migration": self.migration, "error": self.error}


@dataclass
class Report:
    """What a run did. `not_tried` were left because a canary failed, or because every first of their group did."""

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

    def told(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "status": self.status,
            "schemas": self.schemas,
            "public": self.public,
            "groups": self.groups,
            "migrated": self.migrated,
            "failed": [failure.told() for failure in self.failed],
            "missing": self.missing,
            "not_tried": self.not_tried,
            "retries": self.retries,
            "seconds": round(self.seconds, 2),
        }


def told_of(group: Alike, plan: Plan) -> dict[str, Any]:
    return {"schemas": len(group.members), "migrations": plan.names}


def in_words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".strip()[:2000]


def of_public(error: Exception) -> Failure:
    return Failure(Member(PUBLIC_SCHEMA), "", in_words(error))


def write_down(failure: Failure) -> None:
    with public_context(), transaction.atomic():
        row, made = SchemaFailure.objects.get_or_create(
            schema_name=failure.member.schema_name,
            defaults={"migration": failure.migration, "error": failure.error},
        )
        if not made:
            row.migration, row.error, row.tries = failure.migration, failure.error, row.tries + 1
            row.failed_at = timezone.now()
            row.save()
