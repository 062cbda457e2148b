from django.urls import path

from notifications import live, views

app_name = "notifications"
urlpatterns = [
    path("", views.index, name="list"),
    path("live/", live.live, name="live"),
    path("read/", views.read_all, name="read_all"),
    path("preferences/", views.preferences, name="preferences"),
    path("mails/<str:mail_token>/", views.mail_choices, name="mail_choices"),
    path("<uuid:notification_id>/", views.open_one, name="open"),
]
