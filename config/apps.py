"""Table of the apps and the schema of their tables. See ARCHITECTURE.md."""

from typing import Literal, NamedTuple

Schema = Literal["public", "tenant", "both"]


class App(NamedTuple):
    name: str
    schema: Schema


# Our own apps. Public apps are in order of dependency: none imports a later one.
OWN: tuple[App, ...] = (
    App("ui", "public"),
    App("tenants", "public"),
    App("events", "public"),
    App("accounts", "both"),
    App("mailing", "public"),
    App("plans", "public"),
    App("usage", "public"),
    App("billing", "public"),
    App("assistants", "public"),
    App("analytics", "public"),
    App("signup", "public"),
    App("website", "public"),
    App("console", "public"),
    App("workspace", "tenant"),
    App("conversations", "tenant"),
    App("library", "tenant"),
    App("notifications", "tenant"),
    App("demo", "tenant"),
)

# unfold must come before the admin whose templates it overrides.
LIBRARIES: tuple[App, ...] = (
    App("django_tenants", "public"),
    # Not its default configuration, which would replace our admin site.
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

# Apps with tables in both schemas. Any other app with tables in both is an error (tenants/checks.py).
BOTH_ALLOWED = frozenset({"accounts", "sessions", "account", "messages", "allauth"})


def shared_apps() -> list[str]:
    """Apps with tables in the public schema, and apps without tables."""
    return [app.name for app in (*LIBRARIES, *OWN) if app.schema in ("public", "both")]


def tenant_apps() -> list[str]:
    """Apps with tables in each workspace's schema."""
    return [app.name for app in (*LIBRARIES, *OWN) if app.schema in ("tenant", "both")]


def installed_apps() -> list[str]:
    """All apps without duplicates, public ones first, as django-tenants requires."""
    return list(dict.fromkeys([*shared_apps(), *tenant_apps()]))
