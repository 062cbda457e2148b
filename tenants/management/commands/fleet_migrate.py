import os
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenants.fleet import run
from tenants.management.command import RucheCommand

BAR = 30


class Command(RucheCommand):
    help = "Bring public and every workspace's schema up to the code: like schemas together, a failure stops no other."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--canary",
            action="append",
            default=[],
            metavar="SLUG",
            dest="canaries",
            help="a workspace to migrate before all others; if it fails nothing else is touched (may be repeated)",
        )
        parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1), help="schemas at once")
        parser.add_argument("--plan", action="store_true", help="say what would be done, and change nothing")
        parser.add_argument("--resume", action="store_true", help="take up what an earlier run has left, public apart")

    def act(self, **options: Any) -> Any:
        if options["plan"]:
            return {**run.plan().as_dict(), "status": "plan"}
        bar = _Bar()
        try:
            report = run.run(canaries=options["canaries"], jobs=options["jobs"], resume=options["resume"], progress=bar)
        except run.AlreadyRunning:
            raise ValidationError(_("Une migration de la flotte est déjà en cours."), code="running") from None
        except run.UnknownCanary as error:
            raise ValidationError(
                _("Aucun espace « %(slug)s » : voyez tenant_list."), code="unknown", params={"slug": error.args[0]}
            ) from None
        finally:
            bar.end()
        self.failed = report.status == "failed"
        return report.as_dict()

    def handle(self, *args: Any, **options: Any) -> None:
        self.failed = False
        super().handle(*args, **options)
        if self.failed:
            sys.exit(1)

    def describe(self, result: Any) -> None:
        for name in result["public"]:
            self.stdout.write(f"public   {name}")
        for group in result["groups"]:
            count = group["schemas"]
            label = ngettext("%(count)d schéma", "%(count)d schémas", count) % {"count": count}
            self.stdout.write(f"{label}   {', '.join(group['migrations'])}")
        for failure in result["failed"]:
            name = failure.get("slug", failure["schema"])
            self.stdout.write(self.style.ERROR(f"{name} ({failure['schema']})   {failure['error']}"))
        for name in result["missing"]:
            self.stdout.write(self.style.ERROR(_("%(schema)s : le schéma n’existe pas") % {"schema": name}))
        self.stdout.write(_summary(result))


def _summary(result: Any) -> str:
    if result["status"] == "plan":
        return _("%(behind)d schémas à migrer sur %(all)d. Rien n’a été changé.") % {
            "behind": result["not_tried"],
            "all": result["schemas"],
        }
    if result["status"] == "current":
        return _("Tout est à jour : %(all)d schémas.") % {"all": result["schemas"]}
    summary: str = _("%(migrated)d schémas migrés en %(seconds)s s.") % result
    if result["failed"] or result["not_tried"]:
        summary += " " + _(
            "%(failed)d ont échoué et sont restés comme avant, %(not_tried)d n’ont pas été essayés :"
            " corrigez, puis fleet_migrate --resume."
        ) % {"failed": len(result["failed"]), "not_tried": result["not_tried"]}
    return summary


class _Bar:
    """Progress on standard error: a bar on a terminal, a line at each tenth elsewhere."""

    def __init__(self) -> None:
        self.terminal, self.tenth, self.drawn = sys.stderr.isatty(), 0, False

    def __call__(self, done: int, of: int, failed: int) -> None:
        of = max(of, done)
        if self.terminal:
            full = BAR * done // of
            sys.stderr.write(f"\r[{'#' * full}{'.' * (BAR - full)}] {done}/{of}" + (f", {failed} !" if failed else ""))
            sys.stderr.flush()
            self.drawn = True
        elif 10 * done // of > self.tenth:
            self.tenth = 10 * done // of
            sys.stderr.write(f"{done}/{of}\n")

    def end(self) -> None:
        if self.drawn:
            sys.stderr.write("\n")
