"""Plans, add-ons, entitlements, prices and grants become an app of their own. Their tables keep their names and rows: a running fleet sees no change."""

import django.db.models.deletion
import tenants.ids
from django.db import migrations, models


MODELS = ['plan', 'addon', 'entitlement', 'price', 'override', 'tenantaddon']


def move_content_types(apps, schema_editor):
    """Permissions and histories name a model by its content type: it keeps its key under its new app.

    A process of the new code that ran before this migration may have made one already: that one stays, and is used.
    """
    content_types = apps.get_model("contenttypes", "ContentType")
    present = content_types.objects.filter(app_label="plans").values_list("model", flat=True)
    free = set(MODELS) - set(present)
    content_types.objects.filter(app_label="billing", model__in=free).update(app_label="plans")


class Migration(migrations.Migration):

    initial = True

    dependencies = [("billing", "0011_first_terms"), ("contenttypes", "0002_remove_content_type_name")]

    operations = [
        # The tables are those that `billing` made: nothing of the database is touched but the names of content types.
        migrations.SeparateDatabaseAndState(state_operations=[
            migrations.CreateModel(
                name='AddOn',
                fields=[
                    ('code', models.SlugField(max_length=40, primary_key=True, serialize=False, verbose_name='code')),
                    ('name', models.CharField(max_length=60, verbose_name='nom')),
                    ('description', models.CharField(blank=True, max_length=200, verbose_name='description')),
                    ('month_price', models.DecimalField(decimal_places=2, max_digits=10, verbose_name='prix par mois HT')),
                    ('position', models.PositiveSmallIntegerField(default=0, verbose_name='ordre')),
                ],
                options={
                    'verbose_name': 'option',
                    'verbose_name_plural': 'options',
                    'db_table': 'billing_addon',
                    'ordering': ['position'],
                },
            ),
            migrations.CreateModel(
                name='Plan',
                fields=[
                    ('code', models.SlugField(max_length=40, primary_key=True, serialize=False, verbose_name='code')),
                    ('name', models.CharField(max_length=60, verbose_name='nom')),
                    ('month_price', models.DecimalField(decimal_places=2, max_digits=10, verbose_name='prix par mois HT')),
                    ('year_price', models.DecimalField(decimal_places=2, max_digits=10, verbose_name='prix par an HT')),
                    ('position', models.PositiveSmallIntegerField(default=0, verbose_name='ordre')),
                    ('is_offered', models.BooleanField(default=True, verbose_name='proposée')),
                ],
                options={
                    'verbose_name': 'offre',
                    'verbose_name_plural': 'offres',
                    'db_table': 'billing_plan',
                    'ordering': ['position'],
                },
            ),
            migrations.CreateModel(
                name='Override',
                fields=[
                    ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('tenant_id', models.UUIDField(verbose_name='clé de l’espace')),
                    ('key', models.SlugField(max_length=40, verbose_name='droit')),
                    ('limit', models.DecimalField(blank=True, decimal_places=12, max_digits=32, null=True, verbose_name='limite')),
                    ('reason', models.CharField(max_length=200, verbose_name='motif')),
                    ('granted_by', models.CharField(max_length=200, verbose_name='accordée par')),
                    ('granted_at', models.DateTimeField(auto_now_add=True, verbose_name='accordée le')),
                    ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='expire le')),
                    ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='terminée le')),
                ],
                options={
                    'verbose_name': 'dérogation',
                    'verbose_name_plural': 'dérogations',
                    'db_table': 'billing_override',
                    'ordering': ['-id'],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('tenant_id', 'key'), name='billing_override_once'), models.CheckConstraint(condition=models.Q(('limit', None), ('limit__gte', 0), _connector='OR'), name='billing_override_not_negative')],
                },
            ),
            migrations.CreateModel(
                name='Entitlement',
                fields=[
                    ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('key', models.SlugField(max_length=40, verbose_name='droit')),
                    ('label', models.CharField(max_length=80, verbose_name='libellé')),
                    ('limit', models.DecimalField(blank=True, decimal_places=12, max_digits=32, null=True, verbose_name='limite')),
                    ('soft_percent', models.SmallIntegerField(db_default=80, default=80, verbose_name='avis à (%)')),
                    ('grace_percent', models.SmallIntegerField(db_default=0, default=0, verbose_name='tolérance (%)')),
                    ('add_on', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='entitlements', to='plans.addon', verbose_name='option')),
                    ('plan', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='entitlements', to='plans.plan', verbose_name='offre')),
                ],
                options={
                    'verbose_name': 'droit',
                    'verbose_name_plural': 'droits',
                    'db_table': 'billing_entitlement',
                    'ordering': ['id'],
                    'constraints': [models.UniqueConstraint(fields=('plan', 'key'), name='billing_entitlement_once'), models.UniqueConstraint(fields=('add_on', 'key'), name='billing_entitlement_add_on_once'), models.UniqueConstraint(condition=models.Q(('add_on', None), ('plan', None)), fields=('key',), name='billing_entitlement_default_once'), models.CheckConstraint(condition=models.Q(('plan', None), ('add_on', None), _connector='OR'), name='billing_entitlement_of_one'), models.CheckConstraint(condition=models.Q(('grace_percent__gte', 0), ('soft_percent__gt', 0), ('soft_percent__lte', 100)), name='billing_entitlement_percents')],
                },
            ),
            migrations.CreateModel(
                name='Price',
                fields=[
                    ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('interval', models.CharField(choices=[('month', 'mois'), ('year', 'an')], default='month', max_length=5, verbose_name='période')),
                    ('currency', models.CharField(default='EUR', max_length=3, verbose_name='devise')),
                    ('amount_excl_vat', models.DecimalField(decimal_places=2, help_text='Dans la devise indiquée.', max_digits=10, verbose_name='montant HT')),
                    ('is_active', models.BooleanField(default=True, verbose_name='en vigueur')),
                    ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='ajouté le')),
                    ('stripe_price_id', models.CharField(blank=True, max_length=255, verbose_name='tarif chez Stripe')),
                    ('lookup_key', models.CharField(blank=True, max_length=200, verbose_name='clé de recherche chez Stripe')),
                    ('add_on', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='prices', to='plans.addon', verbose_name='option')),
                    ('plan', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='prices', to='plans.plan', verbose_name='offre')),
                ],
                options={
                    'verbose_name': 'tarif',
                    'verbose_name_plural': 'tarifs',
                    'db_table': 'billing_price',
                    'ordering': ['-id'],
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('add_on__isnull', False), ('plan', None)), models.Q(('add_on', None), ('plan__isnull', False)), _connector='OR'), name='billing_price_of_one'), models.CheckConstraint(condition=models.Q(('amount_excl_vat__gte', 0)), name='billing_price_not_negative'), models.UniqueConstraint(condition=models.Q(('is_active', True)), fields=('plan', 'interval', 'currency'), name='billing_price_plan_once'), models.UniqueConstraint(condition=models.Q(('is_active', True)), fields=('add_on', 'interval', 'currency'), name='billing_price_add_on_once'), models.UniqueConstraint(condition=models.Q(('lookup_key', ''), _negated=True), fields=('lookup_key',), name='billing_price_lookup_key')],
                },
            ),
            migrations.CreateModel(
                name='TenantAddOn',
                fields=[
                    ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('tenant_id', models.UUIDField(verbose_name='clé de l’espace')),
                    ('quantity', models.SmallIntegerField(default=1, verbose_name='quantité')),
                    ('since', models.DateTimeField(verbose_name='depuis')),
                    ('until', models.DateTimeField(blank=True, null=True, verbose_name='jusqu’au')),
                    ('source', models.CharField(choices=[('operator', 'Opérateur'), ('stripe', 'Abonnement')], default='operator', max_length=8, verbose_name='origine')),
                    ('add_on', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='holders', to='plans.addon', verbose_name='option')),
                ],
                options={
                    'verbose_name': 'option d’un espace',
                    'verbose_name_plural': 'options des espaces',
                    'db_table': 'billing_tenantaddon',
                    'ordering': ['-id'],
                    'indexes': [models.Index(fields=['tenant_id'], name='billing_tenant_add_on_tenant')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('until', None)), fields=('tenant_id', 'add_on', 'source'), name='billing_tenant_add_on_once'), models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='billing_tenant_add_on_quantity')],
                },
            ),
        ]),
        migrations.RunPython(move_content_types, migrations.RunPython.noop),
    ]
