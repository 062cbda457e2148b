from typing import Any

from tenants.management.command import RucheCommand
from tenants.selectors import tenant_url, tenants_all


class Command(RucheCommand):
    help = "List the workspaces: slug, name, state, plan, schema, address."

    def act(self, **options: Any) -> Any:
        return [
            {
                "id": str(tenant.pk),
                "slug": tenant.slug,
                "name": tenant.name,
                "state": tenant.state,
                "plan": tenant.plan_code,
                "schema": tenant.schema_name,
                "url": tenant_url(tenant.primary_host),
            }
            for tenant in tenants_all()
        ]

    def describe(self, result: Any) -> None:
        if not result:
            self.stdout.write("Aucun espace. Créez le premier : manage.py tenant_create SLUG --name NOM --email E")
        for row in result:
            self.stdout.write(f"{row['slug']:<20} {row['state']:<10} {row['plan']:<10} {row['url']}  {row['name']}")
