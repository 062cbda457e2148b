from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.urls import path

from bench.site.models import Person


def person(request: HttpRequest, key: UUID) -> JsonResponse:
    row = Person.objects.get(pk=key)
    return JsonResponse({"email": row.email, "name": row.name, "role": row.role})


urlpatterns = [path("person/<uuid:key>/", person)]
