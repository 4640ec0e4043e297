from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0009_waiting_calls"),
    ]

    operations = [
        migrations.AddField(
            model_name="answer",
            name="evaluations",
            field=models.JSONField(default=list),
        ),
    ]
