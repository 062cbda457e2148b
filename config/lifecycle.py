"""What happens in several apps when a workspace is made or changes state: dotted names, in order, one transaction.

Each step is called as `step(tenant: TenantRef, **details)`; it enters the workspace's context by itself if it needs
it. `tenants` runs them and imports none of these apps.
"""

STEPS: dict[str, tuple[str, ...]] = {
    "made": (
        "billing.services.open_tenant",
        "events.workspaces.created",
        "accounts.services.create_owner_of_new_workspace",
        "mailing.services.send_welcome",
    ),
    "state_changed": (
        "events.workspaces.state_changed",
        "accounts.services.audit_state_change",
        "billing.stripe.closing.workspace_moved",
    ),
    "plan_changed": (
        "billing.services.open_tenant",
        "events.workspaces.plan_changed",
        "accounts.services.audit_plan_change",
        "billing.services.plan_changed",
    ),
    "trial_extended": ("events.workspaces.trial_extended", "accounts.services.audit_trial_extended"),
    "trial_ending": ("mailing.notices.send_trial_ending",),
    "trial_ended": ("mailing.notices.send_trial_ended",),
    "closed_by_time": ("mailing.notices.send_closed",),
    "deleting": (
        "events.workspaces.deleted",
        "accounts.services.audit_deletion",
        "library.services.delete_files_of_workspace",
        "billing.services.tenant_deleting",
        "billing.stripe.customers.workspace_deleting",
    ),
}

# What settles an act that a crash left, by its kind: called as f(reference), in the workspace's context.
# True once it has settled it.
ABANDONED_ACTS: dict[str, str] = {
    "answer": "conversations.services.close_abandoned_answer",
    "image": "conversations.images.give_up_image",
}

# What counts a meter of billing/meters.py that stands: called as f(), in the workspace's context, in the meter's unit.
STANDING: dict[str, str] = {
    "seats": "billing.seats.seats_taken",
    "storage": "library.selectors.storage_used",
}

# What gives a person's contents to their export, in its order: modules as `tenants.exporting.Exporter` describes.
EXPORTS: tuple[str, ...] = ("conversations.exports", "library.exports")

# What makes the demonstration of the embedded run: called as f(), in no context, after everything else is there.
DEMONSTRATION = "demo.services.make_demo"
