"""Steps of the apps in the life cycle of a workspace: dotted names, run in order in one transaction.

A step is called as `step(tenant: TenantRef, **details)` and enters the workspace's context itself if needed.
`tenants` calls the steps and imports none of these apps.
"""

STEPS: dict[str, tuple[str, ...]] = {
    "made": (
        "plans.services.open_tenant",
        "events.workspaces.created",
        "accounts.services.create_workspace_owner",
        "mailing.services.send_welcome",
        "workspace.onboarding.services.begin",
    ),
    # A stranger's sign-up has made it; called with actor, origin, reference and at.
    "signed_up": ("website.legal.accepted_at_sign_up",),
    "state_changed": (
        "events.workspaces.state_changed",
        "accounts.services.audit_state_change",
        "billing.stripe.closing.workspace_state_changed",
        "mailing.notices.workspace_state_changed",
    ),
    "plan_changed": (
        "plans.services.open_tenant",
        "events.workspaces.plan_changed",
        "accounts.services.audit_plan_change",
        "plans.services.plan_changed",
    ),
    "trial_extended": ("events.workspaces.trial_extended", "accounts.services.audit_trial_extended"),
    "trial_ended": ("mailing.notices.send_trial_ended",),
    "closed_by_time": ("mailing.notices.send_closed",),
    "deleting": (
        "events.workspaces.deleted",
        "accounts.services.audit_deletion",
        "library.services.delete_files_of_workspace",
        "plans.services.tenant_deleting",
        "billing.services.tenant_deleting",
        "billing.stripe.customers.workspace_deleting",
        "signup.directory.workspace_deleting",
    ),
}

# Functions that settle an act interrupted by a crash, by its kind: called as f(reference) in the workspace's context.
# They return True once it is settled.
ABANDONED_ACTS: dict[str, str] = {
    "answer": "conversations.services.close_abandoned_answer",
    "image": "conversations.images.settle_abandoned_image",
}

# Functions that count a standing meter of plans/meters.py: called as f() in the workspace's context; the result is
# in the meter's unit.
STANDING: dict[str, str] = {
    "seats": "workspace.seats.seats_taken",
    "storage": "library.selectors.storage_used",
}

# The job that makes the catalogue known to Stripe after a price was set: called as f(), in the public schema.
PRICES_CHANGED = "billing.stripe.catalogue.push_in_background"

# Modules that contribute to a person's export, in order; they implement `tenants.exporting.Exporter`.
EXPORTS: tuple[str, ...] = ("conversations.exports", "library.exports")

# Functions that give titles and addresses of notifications' subjects, by kind of subject: called as f(person, ids) in
# the workspace's context; the result has only what that person may see: id -> (title, path).
NOTIFICATION_SUBJECTS: dict[str, str] = {
    "item": "library.selectors.titles_for",
    "conversation": "conversations.selectors.titles_for",
}

# Function that stops the mails of an address that may be stopped: called as f(address) in the workspace's context.
MAIL_ADDRESS_STOP = "notifications.mail_choices.address_stop"

# Function that gives the link by which a person stops mails of a kind (mailing/types.py), "" to who wants none: called
# as f(person, kind) there.
MAIL_STOP_LINK = "notifications.mail_choices.stop_link"

# Function that writes the mails allauth asks for: called as f(name, address, site=, has_account=, details=).
ACCOUNT_MAIL = "mailing.account_mails.account_mail"

# Function that mails a person who signed in with a new device: called as f(person, ip=, device=).
NEW_DEVICE = "mailing.notices.send_new_device"

# Functions that write the catalogue where it is missing, lower apps first: called as f() in the public schema. What an
# operator changed is left alone.
SEEDS: tuple[str, ...] = ("plans.seeds.seed", "billing.seeds.seed", "assistants.seeds.seed", "website.legal.seed")

# Function that creates the demonstration of the embedded run: called as f() without a context, last of all.
DEMONSTRATION = "demo.services.make_demo"
