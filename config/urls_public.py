"""URLs of the operator's host: the public site, sign-in of operators, the console."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.i18n import set_language

from accounts.views import login_shortcut
from billing.stripe import endpoint
from mailing import webhooks
from signup import views as signup
from website import article_views, contact, site_files, views
from website.measure import measured

urlpatterns = [
    path("", measured("home")(views.home), name="home"),
    path("tarifs/", measured("pricing")(views.pricing), name="pricing"),
    path("mentions-legales/", views.legal_document, {"document": "notice"}, name="legal_notice"),
    path("mentions-legales/<int:number>/", views.legal_document, {"document": "notice"}, name="legal_notice_version"),
    path("conditions/", views.legal_terms, name="legal_terms"),
    path("conditions/<int:number>/", views.legal_terms, name="legal_terms_version"),
    path("confidentialite/", views.legal_document, {"document": "privacy"}, name="privacy"),
    path("confidentialite/<int:number>/", views.legal_document, {"document": "privacy"}, name="privacy_version"),
    path("cookies/", views.legal_document, {"document": "cookies"}, name="cookies"),
    path("cookies/<int:number>/", views.legal_document, {"document": "cookies"}, name="cookies_version"),
    path("sous-traitance/", views.legal_document, {"document": "dpa"}, name="dpa"),
    path("sous-traitance/<int:number>/", views.legal_document, {"document": "dpa"}, name="dpa_version"),
    path("apercu/<slug:page>/<slug:version>.png", views.site_card, name="site_card"),
    path("articles/", measured("articles")(article_views.article_list), name="articles"),
    path("articles/<slug:language>.xml", article_views.articles_feed, name="articles_feed"),
    path("articles/<slug:slug>/", measured("article")(article_views.article), name="article"),
    path("articles/images/<slug:digest>.jpg", article_views.article_cover, name="article_cover"),
    path("contact/", measured("contact")(contact.contact), name="contact"),
    path("contact/merci/", contact.contact_done, name="contact_done"),
    path("etat/", views.service_status, name="service_status"),
    path("_components/", views.components, name="components"),
    # sign-up
    path("inscription/", measured("signup")(signup.signup), name="signup"),
    path("inscription/adresse/", signup.check_slug, name="signup_slug"),
    path("inscription/ouvrir/<str:token>/", signup.open_workspace, name="signup_open"),
    path("inscription/<uuid:request_id>/", signup.enter_code, name="signup_code"),
    path("mes-espaces/", signup.find_workspaces, name="find_workspaces"),
    # people
    path("login", login_shortcut, name="login_shortcut"),
    re_path(r"^login/$", login_shortcut),
    path("accounts/", include("allauth.account.urls")),
    path("language/", set_language, name="set_language"),
    # machines
    path("robots.txt", site_files.robots, name="robots"),
    path("sitemap.xml", site_files.sitemap, name="sitemap"),
    path("marque/<slug:digest>.webp", site_files.platform_mark, name="platform_mark"),
    path("manifest.webmanifest", site_files.manifest, name="manifest"),
    path("stripe/webhook/<uuid:uuid>/", endpoint.receive, name="stripe_webhook"),
    path("mail/webhook/<slug:provider>/", webhooks.receive, name="mail_webhook"),
    # console
    path("admin/", admin.site.urls),
]

handler500 = "website.views.server_error"

handler400 = "website.views.bad_request"
