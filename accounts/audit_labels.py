"""Labels of actions and details of the audit log, for the console."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry
from tenants.models import Tenant

ACTION_LABELS = {
    "tenant.created": _("Espace créé"),
    "tenant.state_changed": _("État changé"),
    "tenant.trial_extended": _("Essai prolongé"),
    "tenant.plan_changed": _("Offre changée"),
    "override.granted": _("Dérogation accordée"),
    "override.ended": _("Dérogation terminée"),
    "add_on.given": _("Option donnée"),
    "add_on.taken": _("Option retirée"),
    "tariff.set": _("Tarif fixé"),
    "coupon.added": _("Remise créée"),
    "coupon.offered": _("Contre-offre choisie"),
    "coupon.ended": _("Remise terminée"),
    "promotion_code.added": _("Code promotionnel créé"),
    "promotion_code.ended": _("Code promotionnel terminé"),
    "data.exported": _("Données exportées"),
    "promotion_code.used": _("Code promotionnel utilisé"),
    "profile.saved": _("Coordonnées de facturation enregistrées"),
    "profile.vat_checked": _("Numéro de TVA vérifié"),
    "checkout.opened": _("Page de paiement ouverte"),
    "subscription.changed": _("Abonnement changé"),
    "subscription.change_asked": _("Changement d’abonnement à payer"),
    "subscription.cancelled": _("Abonnement résilié"),
    "subscription.resumed": _("Abonnement repris"),
    "subscription.kept": _("Contre-offre acceptée"),
    "subscription.reread": _("Abonnement relu chez Stripe"),
    "subscription.ended": _("Abonnement résilié chez Stripe"),
    "terms.published": _("Conditions de vente publiées"),
    "terms.accepted": _("Conditions de vente acceptées"),
    "dunning.sent_again": _("Relance renvoyée"),
    "webhook.replayed": _("Événement de Stripe rejoué"),
    "tenant.deleted": _("Espace supprimé"),
    "user.created": _("Personne créée"),
    "invitation.sent": _("Invitation envoyée"),
    "invitation.resent": _("Invitation renvoyée"),
    "invitation.revoked": _("Invitation annulée"),
    "invitation.accepted": _("Invitation acceptée"),
    "member.role_changed": _("Rôle changé"),
    "member.deactivated": _("Membre désactivé"),
    "member.reactivated": _("Membre réactivé"),
    "member.removed": _("Membre retiré"),
    "ownership.handed_over": _("Propriété transmise"),
    "user.password_changed": _("Mot de passe changé"),
    "user.profile_changed": _("Profil modifié"),
    "user.avatar": _("Photo changée"),
    "operator.changed": _("Opérateur modifié"),
    "operator.created": _("Opérateur créé"),
    "operator.deactivated": _("Opérateur désactivé"),
    "operator.reactivated": _("Opérateur réactivé"),
    "row.added": _("Fiche ajoutée"),
    "row.changed": _("Fiche modifiée"),
    "demo.filled": _("Démonstration complétée"),
    "demo.site_filled": _("Site de démonstration rempli"),
    "demo.removed": _("Démonstration retirée"),
    "price.created": _("Prix ajouté"),
    "model.ended": _("Modèle terminé chez son fournisseur"),
    "model.end_learned": _("Fin d’un modèle apprise de son fournisseur"),
    "prompt.created": _("Consigne ajoutée"),
    "prompt.put_in_service": _("Consigne remise en service"),
    "mail.resent": _("E-mail renvoyé"),
    "mail_text.changed": _("Textes d’un e-mail changés"),
    "mail.suppression_lifted": _("Adresse e-mail débloquée"),
    "delivery.rerun": _("Livraison d’un fait relancée"),
    "conversation.visibility": _("Partage d’une conversation changé"),
    "library.visibility": _("Visibilité d’un contenu changée"),
    "library.upload": _("Fichier ajouté"),
    "library.share": _("Lien créé"),
    "library.share_revoked": _("Lien désactivé"),
    "workspace.identity": _("Identité de l’espace changée"),
    "workspace.brand": _("Marque de l’espace changée"),
    "group.created": _("Groupe créé"),
    "group.renamed": _("Groupe renommé"),
    "group.deleted": _("Groupe supprimé"),
    "group.people_added": _("Personnes ajoutées à un groupe"),
    "group.people_removed": _("Personnes retirées d’un groupe"),
    "samples.added": _("Exemples ajoutés"),
    "samples.removed": _("Exemples retirés"),
    "library.deleted": _("Contenu supprimé définitivement"),
}
DETAIL_LABELS = {
    "reason": _("motif"),
    "plan": _("offre"),
    "role": _("rôle"),
    "heir": _("contenus confiés à"),
    "conversations": _("conversations"),
    "items": _("contenus"),
    "right": _("droit"),
    "limit": _("limite"),
    "until": _("jusqu’au"),
    "option": _("option"),
    "quantity": _("quantité"),
    "interval": _("période"),
    "version": _("version"),
    "valid_from": _("valable à partir du"),
    "ends_on": _("fin chez le fournisseur"),
    "provider": _("fournisseur"),
    "links": _("liens désactivés"),
    "visibility": _("visibilité"),
    "name": _("nom"),
    "language": _("langue"),
    "days": _("jours"),
    "event": _("événement"),
    "fact": _("fait"),
    "day": _("jour"),
    "row": _("fiche"),
    "fields": _("champs"),
    "sha256": _("empreinte du texte"),
    "order": _("commande"),
    "removed": _("retiré"),
    "origin": _("adresse d’origine"),
}


def action_label(entry: AuditEntry) -> str:
    """The label of the action, or its key if it has none."""
    return str(ACTION_LABELS.get(entry.action, entry.action))


def _value_label(entry: AuditEntry, value: Any) -> str:
    """The label of a workspace's state; other values as text."""
    states = dict(Tenant.State.choices)
    return str(states.get(value, value)) if entry.action == "tenant.state_changed" else str(value)


def details_text(entry: AuditEntry) -> str:
    """The details on one line."""
    details: dict[str, Any] = dict(entry.details or {})
    parts = []
    if "before" in details and "after" in details:
        before, after = (_value_label(entry, details.pop(key)) for key in ("before", "after"))
        parts.append(f"{before} → {after}")
    parts += [f"{DETAIL_LABELS.get(key, key)}\u00a0: {value}" for key, value in details.items()]
    return " · ".join(parts)
