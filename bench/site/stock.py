"""Variant with stock django-tenants."""

from bench.site.common import *  # noqa: F403
from bench.site.common import DJANGO_APPS, DJANGO_MIDDLEWARE, databases

DATABASES = databases("django_tenants.postgresql_backend")
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
TENANT_APPS = DJANGO_APPS
SHARED_APPS = ["django_tenants", *DJANGO_APPS, "tenants"]
INSTALLED_APPS = SHARED_APPS
MEASURED_MIDDLEWARE = ["django_tenants.middleware.main.TenantMainMiddleware", *DJANGO_MIDDLEWARE]
