from tenants.management.command import ChangeOfState
from tenants.services import tenant_suspend


class Command(ChangeOfState):
    help = "Make a workspace read-only."
    service = staticmethod(tenant_suspend)
