"""Checks of what lies behind a Django view: database, cache, models, migrations."""
