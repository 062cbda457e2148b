"""A workspace's URLs, and a page that breaks after it has asked the database."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from accounts.access import anyone
from config.urls_tenant import handler500
from config.urls_tenant import urlpatterns as ours
from library.models import Item

__all__ = ["handler500", "urlpatterns"]


@anyone
def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError(f"as asked, with {Item.objects.count()} items")


urlpatterns = [*ours, path("broken/", broken, name="broken")]
