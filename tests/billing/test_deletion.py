"""What a workspace that is deleted leaves in billing: figures, no words and no address."""

from billing import services
from billing.models import BillingProfile, Cancellation
from tenants.context import public_context


def test_addresses_and_words_go_with_the_workspace(people):
    with public_context():
        for tenant in (people.home, people.away):
            BillingProfile.objects.create(tenant_id=tenant.id, name="SARL", line1="1 rue du Port", city="Lyon")
            left = {"reason": "other", "comment": "Nous fermons.", "outcome": "cancelled"}
            Cancellation.objects.create(tenant_id=tenant.id, **left)
        services.tenant_deleting(people.home)
        assert list(BillingProfile.objects.values_list("tenant_id", flat=True)) == [people.away.id]
        kept = dict(Cancellation.objects.values_list("tenant_id", "comment"))
        assert kept == {people.home.id: "", people.away.id: "Nous fermons."}
