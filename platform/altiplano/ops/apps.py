from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class OpsConfig(AppConfig):
    name = "altiplano.ops"
    label = "ops"
    default = True


class DashboardConfig(SimpleAdminConfig):
    """Django's admin with our site; its pages are found by ``admin_site.discover_pages``."""

    default_site = "altiplano.ops.interfaces.admin_site.OperatorSite"
    default = False
