"""A content host (tenants/content): the address of one object, and nothing else."""

from django.urls import path

from accounts.access import anyone_calling_outside
from tenants.content.views import show

# The address is the right: it is made for who may see the object, and signed. Files may come from a bucket.
_show = anyone_calling_outside(show)

urlpatterns = [
    path("<uuid:tenant_id>/<str:token>/", _show, {"path": ""}, name="content"),
    path("<uuid:tenant_id>/<str:token>/<path:path>", _show, name="content_part"),
]
