"""The table of notes."""

import django_prometheus.models
from django.db import migrations, models


class Migration(migrations.Migration):
    """Create `Note`."""

    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=100)),
                ("body", models.TextField()),
                ("changed", models.DateTimeField(auto_now=True)),
            ],
            bases=(django_prometheus.models.ExportModelOperationsMixin("note"), models.Model),
        ),
    ]
