"""URLs of groups, under /settings/members/groups/."""

from django.urls import path

from workspace.groups import views

urlpatterns = [
    path("", views.index, name="groups"),
    path("<uuid:group_id>/", views.detail, name="group"),
    path("<uuid:group_id>/add/", views.add, name="group_add"),
    path("<uuid:group_id>/remove/", views.remove, name="group_remove"),
    path("<uuid:group_id>/delete/", views.delete, name="group_delete"),
]
