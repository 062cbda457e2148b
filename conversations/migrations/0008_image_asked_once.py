"""The price of the image asked of a provider, kept before it is asked: a second run of the job asks no more."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0007_forget_pinned_at")]

    operations = [
        migrations.AddField(model_name="message", name="image_price_id", field=models.UUIDField(blank=True, null=True)),
    ]
