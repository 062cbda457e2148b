"""URLs of a workspace's host."""

from django.urls import include, path, re_path
from django.views.i18n import set_language

from accounts import views as accounts
from mailing.sequences import clicks
from usage import views as usage
from website import site_files
from workspace import settings_views
from workspace import views as workspace
from workspace.export import views as export
from workspace.members import invitation_views as members

urlpatterns = [
    path("", workspace.home, name="home"),
    path("search/", workspace.search, name="workspace_search"),
    path("settings/", settings_views.index, name="workspace_settings"),
    path("settings/identity/", settings_views.identity, name="settings_identity"),
    path("settings/brand/", settings_views.brand, name="settings_brand"),
    path("settings/members/groups/", include("workspace.groups.urls")),
    path("settings/members/", include("workspace.members.urls")),
    path("invitations/<str:token>/", members.accept, name="invitation_accept"),
    path("onboarding/", include("workspace.onboarding.urls")),
    path("settings/usage/", usage.show, name="workspace_usage"),
    path("settings/plan/", include("billing.pages.urls")),
    path("settings/data/", export.show, name="workspace_data"),
    path("settings/data/download/", export.download, name="data_download"),
    path("brand/<int:hue>.css", settings_views.brand_css, name="brand_css"),
    path("brand/icon.svg", settings_views.brand_icon, name="brand_icon"),
    path("brand/logo/<str:name>", settings_views.brand_logo, name="brand_logo"),
    # machines
    path("robots.txt", site_files.robots, name="robots"),
    path("manifest.webmanifest", site_files.manifest, name="manifest"),
    # people
    path("login", accounts.login_shortcut, name="login_shortcut"),
    re_path(r"^login/$", accounts.login_shortcut),
    path("accounts/handoff/<str:token>/", accounts.handoff, name="handoff"),
    path("profile/", accounts.profile, name="profile"),
    path("profile/avatar/", accounts.avatar_change, name="avatar_change"),
    path("people/<uuid:person_id>/avatar/<str:name>", accounts.avatar, name="avatar"),
    path("accounts/", include("allauth.account.urls")),
    path("language/", set_language, name="set_language"),
    # work
    path("conversations/", include("conversations.urls")),
    path("library/", include("library.urls")),
    path("notifications/", include("notifications.urls")),
    path("go/<str:click_token>/", clicks.follow, name="mail_click"),
]

handler500 = "website.views.server_error"

handler400 = "website.views.bad_request"
