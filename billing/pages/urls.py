"""Under /settings/plan/ of a workspace."""

from django.urls import path

from billing.pages import buying, cancellation, changing, overview

urlpatterns = [
    path("", overview.show, name="workspace_plan"),
    path("next/", overview.next_payment, name="plan_next"),
    path("invoices/", overview.invoices, name="plan_invoices"),
    path("invoices/<str:invoice_id>/<slug:kind>/", overview.document, name="plan_document"),
    path("pay/", overview.pay, name="plan_pay"),
    path("portal/", overview.portal, name="plan_portal"),
    path("back/", overview.portal_return, name="plan_back"),
    path("choose/", buying.choose, name="plan_choose"),
    path("details/", buying.details, name="plan_details"),
    path("checkout/", buying.checkout, name="plan_checkout"),
    path("thanks/", buying.thanks, name="plan_thanks"),
    path("change/", changing.change, name="plan_change"),
    path("cancel/", cancellation.cancel, name="plan_cancel"),
    path("resume/", cancellation.resume, name="plan_resume"),
]
