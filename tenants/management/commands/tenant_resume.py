from tenants.management.command import ChangeOfState
from tenants.services import tenant_resume


class Command(ChangeOfState):
    help = "Bring a suspended workspace back."
    service = staticmethod(tenant_resume)
