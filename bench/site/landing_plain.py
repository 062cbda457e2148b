"""Variant of the landing page as plain Django would show it: middleware of `startproject`, one query, its template.

Templates are loaded once, as Django does outside DEBUG.
"""

from bench.site import common
from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS as RUCHE_APPS

DATABASES = common.databases("django.db.backends.postgresql")
INSTALLED_APPS = [*RUCHE_APPS, "bench.site"]
MEASURED_MIDDLEWARE = [*common.DJANGO_MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
ROOT_URLCONF = "bench.site.landing_urls"
# The page is rendered for each request: only templates are kept.
CACHES = {name: {"BACKEND": "django.core.cache.backends.dummy.DummyCache"} for name in ("default", "parts")}
