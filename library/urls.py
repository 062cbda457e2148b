app_name = "library"
urlpatterns: list[object] = []
