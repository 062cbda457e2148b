"""Variant with plain Django: a single tenant with its table in public."""

from bench.site.common import *  # noqa: F403
from bench.site.common import DJANGO_APPS, DJANGO_MIDDLEWARE, databases

DATABASES = databases("django.db.backends.postgresql")
INSTALLED_APPS = DJANGO_APPS
MEASURED_MIDDLEWARE = DJANGO_MIDDLEWARE
