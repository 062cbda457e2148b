"""Variant of the landing page with all of Ruche: its settings, middleware and URLs."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS as RUCHE_APPS
from config.settings import MIDDLEWARE

INSTALLED_APPS = [*RUCHE_APPS, "bench.site"]
MEASURED_MIDDLEWARE = MIDDLEWARE
