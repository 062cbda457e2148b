"""Variant with our tenants: Ruche's settings, and of its middleware only `TenantMiddleware`."""

from bench.site import common
from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS as RUCHE_APPS

INSTALLED_APPS = [*RUCHE_APPS, "bench.site"]
# Replaces MIDDLEWARE after the apps are loaded, because an app checks that its middleware is listed.
MEASURED_MIDDLEWARE = ["tenants.middleware.TenantMiddleware", *common.DJANGO_MIDDLEWARE]
ROOT_URLCONF = PUBLIC_URLCONF = TENANT_URLCONF = common.ROOT_URLCONF
