from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.urls import path

from bench.site.models import Person


def person(request: HttpRequest, key: UUID) -> JsonResponse:
    found = Person.objects.get(pk=key)
    return JsonResponse({"email": found.email, "name": found.name, "role": found.role})


urlpatterns = [path("person/<uuid:key>/", person)]
