"""What a workspace that is deleted leaves in billing: figures, no words and no address."""

from billing import services
from billing.models import BillingProfile, Cancellation
from tenants.context import public_context


def test_addresses_and_words_go_with_the_workspace(cast):
    with public_context():
        for tenant in (cast.home, cast.away):
            BillingProfile.objects.create(tenant_id=tenant.id, name="SARL", line1="1 rue du Port", city="Lyon")
            left = {"reason": "other", "comment": "Nous fermons.", "outcome": "cancelled"}
            Cancellation.objects.create(tenant_id=tenant.id, **left)
        services.tenant_deleting(cast.home)
        assert list(BillingProfile.objects.values_list("tenant_id", flat=True)) == [cast.away.id]
        kept = dict(Cancellation.objects.values_list("tenant_id", "comment"))
        assert kept == {cast.home.id: "", cast.away.id: "Nous fermons."}
