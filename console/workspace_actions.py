"""Actions of the operator on a workspace, each with a reason and each a service of `tenants`."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.enums import ActionVariant

from accounts.http import operator_of
from billing.api import current
from console.forms import DeleteForm, PlanForm, TrialForm
from tenants import services, trials
from tenants.models import Tenant
from ui.console import ReadOnlyAdmin, ReasonForm, act_page, posted

State = Tenant.State


class WorkspaceActions(ReadOnlyAdmin):
    """Suspend, resume, extend the trial, change the plan, close, delete."""

    def _state(self, request: HttpRequest, object_id: Any) -> str:
        """The state of a workspace ("" if there is none), queried once a request."""
        states: dict[str, str] = request.__dict__.setdefault("_tenant_states", {})
        key = str(object_id)
        if key not in states:
            try:
                states[key] = Tenant.objects.values_list("state", flat=True).filter(pk=key).first() or ""
            except ValidationError:
                states[key] = ""
        return states[key]

    def has_suspend_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._state(request, object_id) in (State.TRIAL, State.ACTIVE, State.PAST_DUE)

    def has_resume_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._state(request, object_id) in (State.SUSPENDED, State.PAST_DUE, State.CLOSED)

    def has_extend_trial_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._state(request, object_id) in (State.TRIAL, State.SUSPENDED)

    def has_close_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._state(request, object_id) not in (State.CLOSED, "")

    @staticmethod
    def _page_url(tenant: Tenant) -> str:
        return reverse("admin:tenants_tenant_change", args=[tenant.pk])

    @staticmethod
    def _get_tenant(object_id: str) -> Tenant:
        try:
            return get_object_or_404(Tenant, pk=object_id)
        except ValidationError as error:
            raise Http404 from error

    def _with_cancellation_notice(self, object_id: str, explanation: str) -> str:
        """The explanation, with a notice if the action ends a subscription (billing/stripe/closing.py)."""
        if not current(self._get_tenant(object_id).ref("")).is_live:
            return explanation
        return f"{explanation} {gettext('Son abonnement chez Stripe est résilié aussitôt, sans remboursement.')}"

    def _with_ended_notice(self, object_id: str, explanation: str) -> str:
        """The explanation, with a notice if a cancelled subscription is not restored."""
        tenant = self._get_tenant(object_id)
        subscription = current(tenant.ref(""))
        if tenant.state != State.CLOSED or subscription.is_live or not subscription.status:
            return explanation
        notice = gettext("Son abonnement chez Stripe a pris fin : le rétablir ne le ramène pas.")
        return f"{explanation} {notice}"

    def _action_page(
        self, request: HttpRequest, object_id: str, service: Any, message: str, **page: Any
    ) -> HttpResponse:
        """Page of an action whose service takes a reason and an actor. `message` and the title contain %(name)s."""
        tenant = self._get_tenant(object_id)

        def do(form: Any) -> str:
            service(tenant_id=tenant.pk, actor=operator_of(request).email, **form.cleaned_data)
            return message % {"name": tenant.name}

        page["title"] = page["title"] % {"name": tenant.name}
        form = page.pop("form", None) or ReasonForm(posted(request))
        return act_page(self, request, form=form, do=do, back=self._page_url(tenant), **page)

    @action(description=_("Suspendre"), url_path="suspend", icon="pause", permissions=["suspend"])
    def suspend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._action_page(
            request,
            object_id,
            services.tenant_suspend,
            gettext("« %(name)s » est suspendu."),
            title=gettext("Suspendre « %(name)s »"),
            explanation=_(
                "L’espace passe en lecture seule : ses membres se connectent, lisent, téléchargent et paient, "
                "mais rien n’est plus écrit ni généré."
            ),
            button=_("Suspendre l’espace"),
        )

    @action(description=_("Rétablir"), url_path="resume", icon="play_arrow", permissions=["resume"])
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._action_page(
            request,
            object_id,
            services.tenant_resume,
            gettext("« %(name)s » est rétabli."),
            title=gettext("Rétablir « %(name)s »"),
            explanation=self._with_ended_notice(
                object_id, gettext("L’espace reprend aussitôt : en essai si l’essai court encore, sinon actif.")
            ),
            button=_("Rétablir l’espace"),
        )

    @action(description=_("Prolonger l’essai"), url_path="trial", icon="event", permissions=["extend_trial"])
    def extend_trial(self, request: HttpRequest, object_id: str) -> HttpResponse:
        tenant = self._get_tenant(object_id)

        def do(form: Any) -> str:
            reason, actor = form.cleaned_data["reason"], operator_of(request).email
            try:
                trials.extend_trial(tenant_id=tenant.pk, ends_at=form.ends_at(), reason=reason, actor=actor)
            except ValidationError as error:
                form.add_error("last_day", error)
            return gettext("L’essai de « %(name)s » est prolongé.") % {"name": tenant.name}

        return act_page(
            self,
            request,
            title=gettext("Prolonger l’essai de « %(name)s »") % {"name": tenant.name},
            explanation=_(
                "L’espace reste ouvert jusqu’au soir de ce jour ; suspendu en fin d’essai, il rouvre aussitôt."
            ),
            button=_("Prolonger l’essai"),
            form=TrialForm(posted(request)),
            do=do,
            back=self._page_url(tenant),
        )

    @action(description=_("Changer d’offre"), url_path="plan", icon="swap_horiz")
    def change_plan(self, request: HttpRequest, object_id: str) -> HttpResponse:
        tenant = self._get_tenant(object_id)
        return self._action_page(
            request,
            object_id,
            services.change_plan,
            gettext("L’offre de « %(name)s » est changée."),
            title=gettext("Changer l’offre de « %(name)s »"),
            explanation=_("Les droits de la nouvelle offre s’appliquent aussitôt. Ce qui est utilisé reste compté."),
            button=_("Changer d’offre"),
            form=PlanForm(posted(request), initial={"plan": tenant.plan_code}),
        )

    @action(description=_("Fermer…"), url_path="close", icon="lock", permissions=["close"])
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._action_page(
            request,
            object_id,
            services.tenant_close,
            gettext("« %(name)s » est fermé."),
            title=gettext("Fermer « %(name)s »"),
            explanation=self._with_cancellation_notice(
                object_id,
                gettext(
                    "Seuls les propriétaires se connectent encore, pour exporter. "
                    "L’espace est supprimé 30 jours plus tard ; d’ici là, vous pouvez le rétablir."
                ),
            ),
            button=_("Fermer l’espace"),
            danger=True,
        )

    @action(description=_("Supprimer…"), url_path="delete-now", icon="delete_forever", variant=ActionVariant.DANGER)
    def delete_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        tenant = self._get_tenant(object_id)

        def do(form: Any) -> str:
            services.tenant_delete_now(tenant_id=tenant.pk, actor=operator_of(request).email, **form.cleaned_data)
            return gettext("« %(name)s » est supprimé. Son certificat de suppression est gardé.") % {
                "name": tenant.name
            }

        form = DeleteForm(posted(request), slug=tenant.slug)
        is_confirmed = request.method == "POST" and form.is_valid()
        return act_page(
            self,
            request,
            title=gettext("Supprimer « %(name)s » pour toujours") % {"name": tenant.name},
            explanation=self._with_cancellation_notice(
                object_id,
                gettext(
                    "Toutes les données et tous les fichiers de l’espace disparaissent maintenant, sans retour. "
                    "Restent un certificat et les pièces comptables. Pour confirmer, saisissez « %(slug)s »."
                )
                % {"slug": tenant.slug},
            ),
            button=_("Supprimer pour toujours"),
            form=form,
            do=do,
            back=reverse("admin:tenants_tenant_changelist") if is_confirmed else self._page_url(tenant),
            danger=True,
        )
