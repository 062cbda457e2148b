"""The same with our workspaces: Ruche's settings, and of its middleware what finds the workspace."""

from bench.site import common
from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS as RUCHE_APPS

INSTALLED_APPS = [*RUCHE_APPS, "bench.site"]
# In place of MIDDLEWARE once the apps are loaded: one of them wants its own to be listed.
MEASURED_MIDDLEWARE = ["tenants.middleware.TenantMiddleware", *common.DJANGO_MIDDLEWARE]
ROOT_URLCONF = PUBLIC_URLCONF = TENANT_URLCONF = common.ROOT_URLCONF
