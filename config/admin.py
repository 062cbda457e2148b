from django.contrib.admin.apps import AdminConfig


class RucheAdminConfig(AdminConfig):
    default_site = "config.admin_site.RucheAdminSite"
