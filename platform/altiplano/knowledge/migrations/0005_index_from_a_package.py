"""A collection may name an index from a package."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0004_sources")]

    operations = [
        migrations.AddField(
            model_name="collection",
            name="index",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="collection",
            name="index_config",
            field=models.JSONField(default=dict),
        ),
    ]
