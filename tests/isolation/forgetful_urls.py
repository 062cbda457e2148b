"""A workspace's URLs plus a view that declares no access."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.urls_tenant import urlpatterns as real


def forgot(request: HttpRequest) -> HttpResponse:
    return HttpResponse("secret")


urlpatterns = [*real, path("forgot/", forgot, name="forgot")]
