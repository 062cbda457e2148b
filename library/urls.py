from django.urls import path

from library import share_views, views

app_name = "library"
urlpatterns = [
    path("", views.index, name="list"),
    path("upload/", views.upload, name="upload"),
    # an item
    path("<uuid:item_id>/", views.detail, name="detail"),
    path("<uuid:item_id>/edit/", views.edit, name="edit"),
    path("<uuid:item_id>/file/", views.file, name="file"),
    path("<uuid:item_id>/thumbnail/", views.thumbnail, name="thumbnail"),
    path("<uuid:item_id>/download/", views.download, name="download"),
    path("<uuid:item_id>/archive/", views.archive, name="archive"),
    path("<uuid:item_id>/restore/", views.restore, name="restore"),
    path("<uuid:item_id>/delete/", views.delete, name="delete"),
    path("<uuid:item_id>/visibility/", views.visibility, name="visibility"),
    # its links
    path("<uuid:item_id>/share/", share_views.share, name="share"),
    path("<uuid:item_id>/share/<uuid:share_id>/revoke/", share_views.share_revoke, name="share_revoke"),
    # what a link opens, for anyone who has it
    path("s/<str:token>/", share_views.shared, name="shared"),
    path("s/<str:token>/file/", share_views.shared_file, name="shared_file"),
    path("s/<str:token>/download/", share_views.shared_download, name="shared_download"),
]
