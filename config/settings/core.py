"""Apps, middleware, templates, URLs."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config import apps
from config.settings.env import (
    BASE_DIR,
    BASE_HOST,
    BASE_PORT,
    BASE_SCHEME,
    RUCHE_BASE_URL,
    RUCHE_CONTENT_BASE_URL,
    RUCHE_EMBEDDED,
    RUCHE_STATE_DIR,
    env,
)

__all__ = [
    "ASGI_APPLICATION",
    "BASE_DIR",
    "BASE_HOST",
    "BASE_PORT",
    "BASE_SCHEME",
    "CONTENT_URLCONF",
    "DEBUG",
    "DEFAULT_AUTO_FIELD",
    "INSTALLED_APPS",
    "MIDDLEWARE",
    "PUBLIC_URLCONF",
    "ROOT_URLCONF",
    "RUCHE_BASE_URL",
    "RUCHE_CONTENT_BASE_URL",
    "RUCHE_EMBEDDED",
    "RUCHE_STATE_DIR",
    "SECRET_KEY",
    "SHARED_APPS",
    "SILENCED_SYSTEM_CHECKS",
    "TEMPLATES",
    "TENANT_APPS",
    "TENANT_URLCONF",
]

DEBUG: bool = env.bool("DEBUG", default=False)
SECRET_KEY: str = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is required. `make run` generates one; elsewhere set it to 50 random characters or more."
    )

SHARED_APPS = apps.shared_apps()
TENANT_APPS = apps.tenant_apps()
INSTALLED_APPS = apps.installed_apps()

MIDDLEWARE = [
    "tenants.middleware.RequestIdMiddleware",
    "tenants.middleware.SecureHostMiddleware",
    "tenants.content.middleware.ContentHostMiddleware",
    "website.compression.CompressionMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "website.probes.ProbeMiddleware",
    "tenants.middleware.TenantMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.PrivatePagesMiddleware",
    "accounts.middleware.AccessMiddleware",
    "accounts.middleware.RefusalMiddleware",
    "analytics.middleware.PresenceMiddleware",
]

PUBLIC_URLCONF = "config.urls_public"
TENANT_URLCONF = "config.urls_tenant"
CONTENT_URLCONF = "config.urls_content"
ROOT_URLCONF = PUBLIC_URLCONF
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "website.context_processors.shell",
            ],
        },
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# auth.W004: e-mails are unique by a constraint on lower(email). djstripe.W002: another server instead of Stripe, which
# settings/billing.py allows with a test key only.
SILENCED_SYSTEM_CHECKS = ["auth.W004", "djstripe.W002"]
