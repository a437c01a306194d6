"""How much a tag counts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add `Tag.weight`."""

    dependencies = [("data", "0003_tag")]
    operations = [migrations.AddField("tag", "weight", models.IntegerField(default=1))]
