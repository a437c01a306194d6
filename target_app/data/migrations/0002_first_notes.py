"""The first hundred notes, which the reading paths expect."""

from typing import Any

from django.db import migrations

FIRST_NOTES = 100


def add_notes(apps: Any, _schema_editor: Any) -> None:
    """Insert them in one statement."""
    note = apps.get_model("data", "Note")
    note.objects.bulk_create(note(title=f"note {number}", body="x" * 200) for number in range(1, FIRST_NOTES + 1))


class Migration(migrations.Migration):
    """Fill `Note`."""

    dependencies = [("data", "0001_note")]
    operations = [migrations.RunPython(add_notes, migrations.RunPython.noop)]
