from django.urls import path

from conversations import stream, views

app_name = "conversations"
urlpatterns = [
    path("", views.index, name="list"),
    path("new/", views.start, name="start"),
    path("<uuid:conversation_id>/", views.detail, name="detail"),
    path("<uuid:conversation_id>/messages/", views.ask, name="ask"),
    path("<uuid:conversation_id>/thread/", views.thread, name="thread"),
    # an answer
    path("<uuid:conversation_id>/messages/<uuid:message_id>/", views.message, name="message"),
    path("<uuid:conversation_id>/messages/<uuid:message_id>/stream/", stream.stream, name="stream"),
    path("<uuid:conversation_id>/messages/<uuid:message_id>/stop/", views.stop, name="stop"),
    path("<uuid:conversation_id>/messages/<uuid:message_id>/retry/", views.retry, name="retry"),
    path("<uuid:conversation_id>/messages/<uuid:message_id>/image/", views.image, name="image"),
    # the conversation itself
    path("<uuid:conversation_id>/rename/", views.rename, name="rename"),
    path("<uuid:conversation_id>/archive/", views.archive, name="archive"),
    path("<uuid:conversation_id>/restore/", views.restore, name="restore"),
    path("<uuid:conversation_id>/pin/", views.pin, name="pin"),
    path("<uuid:conversation_id>/share/", views.share, name="share"),
]
