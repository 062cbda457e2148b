"""URLs of the first steps, under /onboarding/."""

from django.urls import path

from workspace.onboarding import views

urlpatterns = [
    path("", views.resume, name="onboarding"),
    path("identity/", views.identity, name="onboarding_identity"),
    path("team/", views.team, name="onboarding_team"),
    path("conversation/", views.conversation, name="onboarding_conversation"),
    path("file/", views.file, name="onboarding_file"),
    path("quotas/", views.quotas, name="onboarding_quotas"),
    path("quotas/seen/", views.quotas_seen, name="onboarding_quotas_seen"),
    path("put-away/", views.put_away, name="onboarding_put_away"),
    path("bring-back/", views.bring_back, name=views.BRING_BACK),
    path("samples/", views.samples_add, name="samples_add"),
    path("samples/remove/", views.samples_remove, name="samples_remove"),
]
