"""The one table that says in which schema each app lives. See ARCHITECTURE.md."""

from typing import Literal, NamedTuple

Schema = Literal["public", "tenant", "both"]


class App(NamedTuple):
    name: str
    schema: Schema


# Ruche's own apps. The order of the public ones is the order of the arrows: lower never imports higher.
OWN: tuple[App, ...] = (
    App("ui", "public"),
    App("tenants", "public"),
    App("events", "public"),
    App("accounts", "both"),
    App("mailing", "public"),
    App("billing", "public"),
    App("assistants", "public"),
    App("analytics", "public"),
    App("website", "public"),
    App("console", "public"),
    App("workspace", "tenant"),
    App("conversations", "tenant"),
    App("library", "tenant"),
    App("demo", "tenant"),
)

# unfold must stand before the admin whose templates it replaces.
LIBRARIES: tuple[App, ...] = (
    App("django_tenants", "public"),
    # Not its default configuration, which puts a site of its own in place of ours.
    App("unfold.apps.BasicAppConfig", "public"),
    App("unfold.contrib.filters", "public"),
    App("console.apps.RucheAdminConfig", "public"),
    App("django.contrib.contenttypes", "public"),
    App("django.contrib.auth", "public"),
    App("django.contrib.sessions", "both"),
    App("django.contrib.messages", "both"),
    App("servestatic.runserver_nostatic", "public"),
    App("django.contrib.staticfiles", "public"),
    App("django.contrib.postgres", "public"),
    App("django.contrib.humanize", "public"),
    App("allauth", "both"),
    App("allauth.account", "both"),
    App("djstripe", "public"),
    App("django_rq", "public"),
    App("anymail", "public"),
    App("django_htmx", "public"),
    App("csp", "public"),
)

# Third-party tables that stand in both schemas. Anything else found in both is an error (tenants/checks.py).
BOTH_ALLOWED = frozenset({"accounts", "sessions", "account", "messages", "allauth"})


def shared_apps() -> list[str]:
    """Every app whose tables, if any, stand in the public schema."""
    return [app.name for app in (*LIBRARIES, *OWN) if app.schema in ("public", "both")]


def tenant_apps() -> list[str]:
    """Every app whose tables stand in each workspace's schema."""
    return [app.name for app in (*LIBRARIES, *OWN) if app.schema in ("tenant", "both")]


def installed_apps() -> list[str]:
    """All apps once: public first, as django-tenants wants it."""
    return list(dict.fromkeys([*shared_apps(), *tenant_apps()]))
