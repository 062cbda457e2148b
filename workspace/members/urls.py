"""URLs of members and invitations, under /settings/members/."""

from django.urls import path

from workspace.members import invitation_views, views

urlpatterns = [
    path("", views.index, name="members"),
    path("bulk/", views.bulk, name="members_bulk"),
    path("invite/", invitation_views.invite, name="members_invite"),
    path("invitations/", invitation_views.index, name="invitations"),
    path("invitations/bulk/", invitation_views.bulk, name="invitations_bulk"),
    path("<uuid:member_id>/", views.detail, name="member"),
    path("<uuid:member_id>/role/", views.set_role, name="member_role"),
    path("<uuid:member_id>/active/", views.set_active, name="member_active"),
    path("<uuid:member_id>/remove/", views.remove, name="member_remove"),
    path("<uuid:member_id>/owner/", views.hand_over, name="member_owner"),
]
