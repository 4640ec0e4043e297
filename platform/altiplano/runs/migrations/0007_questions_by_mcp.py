from django.db import migrations, models


DOORS = [
    ("portal", "these pages"),
    ("api", "the API"),
    ("openai", "the OpenAI protocol"),
    ("mcp", "MCP"),
    ("public", "the public page and websites"),
]


class Migration(migrations.Migration):
    dependencies = [("runs", "0006_first_words_in_usage")]

    operations = [
        migrations.AlterField(
            model_name="appusage",
            name="door",
            field=models.CharField(choices=DOORS, max_length=6),
        ),
        migrations.AlterField(
            model_name="run",
            name="door",
            field=models.CharField(choices=DOORS, default="portal", max_length=6),
        ),
    ]
