"""Quota counters, reservations, notices and the usage ledger become an app of their own. Their tables keep their names and rows: a running fleet sees no change."""

import tenants.ids
from django.db import migrations, models


MODELS = ['quotacounter', 'quotanotice', 'reservation', 'usageevent']


def move_content_types(apps, schema_editor):
    """Permissions and histories name a model by its content type: it keeps its key under its new app.

    A process of the new code that ran before this migration may have made one already: that one stays, and is used.
    """
    content_types = apps.get_model("contenttypes", "ContentType")
    present = content_types.objects.filter(app_label="usage").values_list("model", flat=True)
    free = set(MODELS) - set(present)
    content_types.objects.filter(app_label="billing", model__in=free).update(app_label="usage")


class Migration(migrations.Migration):

    initial = True

    dependencies = [("billing", "0011_first_terms"), ("contenttypes", "0002_remove_content_type_name")]

    operations = [
        # The tables are those that `billing` made: nothing of the database is touched but the names of content types.
        migrations.SeparateDatabaseAndState(state_operations=[
            migrations.CreateModel(
                name='QuotaCounter',
                fields=[
                    ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('tenant_id', models.UUIDField(verbose_name='clé de l’espace')),
                    ('meter', models.SlugField(max_length=40, verbose_name='compteur')),
                    ('period', models.DateField(help_text='Premier jour du mois', verbose_name='mois')),
                    ('hour', models.SmallIntegerField(db_default=0, default=0, verbose_name='heure')),
                    ('used', models.DecimalField(decimal_places=12, default=0, max_digits=32, verbose_name='utilisé')),
                    ('reserved', models.DecimalField(decimal_places=12, default=0, max_digits=32, verbose_name='réservé')),
                ],
                options={
                    'verbose_name': 'compteur',
                    'verbose_name_plural': 'compteurs',
                    'db_table': 'billing_quotacounter',
                    'constraints': [models.UniqueConstraint(fields=('tenant_id', 'meter', 'period', 'hour'), name='billing_counter_slot'), models.CheckConstraint(condition=models.Q(('reserved__gte', 0), ('used__gte', 0)), name='billing_counter_positive')],
                },
            ),
            migrations.CreateModel(
                name='QuotaNotice',
                fields=[
                    ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('tenant_id', models.UUIDField()),
                    ('meter', models.SlugField(max_length=40)),
                    ('period', models.DateField(help_text='Premier jour du mois')),
                    ('threshold_percent', models.SmallIntegerField()),
                    ('at', models.DateTimeField(auto_now_add=True)),
                ],
                options={
                    'db_table': 'billing_quotanotice',
                    'constraints': [models.UniqueConstraint(fields=('tenant_id', 'period', 'meter', 'threshold_percent'), name='billing_notice_once')],
                },
            ),
            migrations.CreateModel(
                name='Reservation',
                fields=[
                    ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('tenant_id', models.UUIDField(verbose_name='clé de l’espace')),
                    ('act', models.CharField(max_length=60, verbose_name='acte')),
                    ('reference', models.UUIDField(verbose_name='référence')),
                    ('period', models.DateField(verbose_name='mois')),
                    ('amounts', models.JSONField(help_text='Par compteur, en texte décimal', verbose_name='montants')),
                    ('counters', models.JSONField(null=True, verbose_name='compteurs')),
                    ('expires_at', models.DateTimeField(verbose_name='expire le')),
                    ('settled_at', models.DateTimeField(blank=True, null=True, verbose_name='réglée le')),
                ],
                options={
                    'verbose_name': 'réservation',
                    'verbose_name_plural': 'réservations',
                    'db_table': 'billing_reservation',
                    'indexes': [models.Index(condition=models.Q(('settled_at', None)), fields=['expires_at'], name='billing_reservation_open')],
                },
            ),
            migrations.CreateModel(
                name='UsageEvent',
                fields=[
                    ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('at', models.DateTimeField(auto_now_add=True, verbose_name='date')),
                    ('tenant_id', models.UUIDField(verbose_name='clé de l’espace')),
                    ('tenant_slug', models.CharField(max_length=40, verbose_name='espace')),
                    ('member_id', models.UUIDField(null=True)),
                    ('member_email', models.CharField(blank=True, max_length=254, verbose_name='membre')),
                    ('assistant_id', models.UUIDField(null=True)),
                    ('assistant_name', models.CharField(blank=True, max_length=80, verbose_name='assistant')),
                    ('prompt_version_id', models.UUIDField(null=True)),
                    ('prompt_version', models.CharField(blank=True, max_length=20, verbose_name='version de consigne')),
                    ('reference', models.UUIDField(help_text='L’acte lui-même (message)', unique=True, verbose_name='référence')),
                    ('provider', models.CharField(max_length=20, verbose_name='fournisseur')),
                    ('model', models.CharField(max_length=80, verbose_name='modèle')),
                    ('price_id', models.UUIDField(null=True, verbose_name='clé du prix')),
                    ('input_tokens', models.PositiveIntegerField(default=0, verbose_name='entrée')),
                    ('cache_read_tokens', models.PositiveIntegerField(default=0, verbose_name='cache lu')),
                    ('cache_write_tokens', models.PositiveIntegerField(default=0, verbose_name='cache écrit')),
                    ('output_tokens', models.PositiveIntegerField(default=0, verbose_name='sortie')),
                    ('images', models.PositiveSmallIntegerField(default=0, verbose_name='images')),
                    ('cost', models.DecimalField(decimal_places=12, default=0, max_digits=20, verbose_name='coût (€)')),
                    ('is_estimate', models.BooleanField(default=False, help_text='Le fournisseur n’a pas donné le décompte (réponse coupée).', verbose_name='estimé')),
                    ('latency_ms', models.PositiveIntegerField(null=True, verbose_name='durée (ms)')),
                    ('first_token_ms', models.PositiveIntegerField(null=True, verbose_name='premier mot (ms)')),
                    ('outcome', models.CharField(choices=[('done', 'Terminé'), ('stopped', 'Arrêté'), ('interrupted', 'Interrompu'), ('failed', 'Échoué')], max_length=12, verbose_name='issue')),
                    ('error_kind', models.CharField(blank=True, max_length=20, verbose_name='erreur')),
                ],
                options={
                    'verbose_name': 'acte mesuré',
                    'verbose_name_plural': 'actes mesurés',
                    'db_table': 'billing_usageevent',
                    'ordering': ['-id'],
                    'indexes': [models.Index(fields=['tenant_id', '-at'], name='billing_usage_tenant_at'), models.Index(fields=['-at'], name='billing_usage_at')],
                },
            ),
        ]),
        migrations.RunPython(move_content_types, migrations.RunPython.noop),
    ]
