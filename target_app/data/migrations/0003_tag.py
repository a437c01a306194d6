"""The table of tags."""

import django.db.models.deletion
import django_prometheus.models
from django.db import migrations, models


class Migration(migrations.Migration):
    """Create `Tag`."""

    dependencies = [("data", "0002_first_notes")]
    operations = [
        migrations.CreateModel(
            name="Tag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", models.CharField(max_length=50)),
                (
                    "note",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="tags", to="data.note"),
                ),
            ],
            bases=(django_prometheus.models.ExportModelOperationsMixin("tag"), models.Model),
        ),
    ]
