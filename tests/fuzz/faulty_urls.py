"""A view that fails, to see that the fuzz sees it."""

from django.urls import path

from accounts.access import anyone
from config.urls_tenant import urlpatterns as real


@anyone
def fault(request):
    return 1 / 0


urlpatterns = [path("fault/", fault, name="fault"), *real]
