"""Under /settings/plan/ of a workspace."""

from django.urls import path

from workspace.subscription import buying, cancellation, changing, pages

urlpatterns = [
    path("", pages.show, name="workspace_plan"),
    path("next/", pages.next_payment, name="plan_next"),
    path("invoices/", pages.invoices, name="plan_invoices"),
    path("invoices/<str:invoice_id>/<slug:kind>/", pages.document, name="plan_document"),
    path("pay/", pages.pay, name="plan_pay"),
    path("portal/", pages.portal, name="plan_portal"),
    path("back/", pages.came_back, name="plan_back"),
    path("choose/", buying.choose, name="plan_choose"),
    path("details/", buying.details, name="plan_details"),
    path("checkout/", buying.checkout, name="plan_checkout"),
    path("thanks/", buying.thanks, name="plan_thanks"),
    path("change/", changing.change, name="plan_change"),
    path("cancel/", cancellation.cancel, name="plan_cancel"),
    path("resume/", cancellation.resume, name="plan_resume"),
]
