"""The app for INSTALLED_APPS: it has no models, and refuses a wrong `WITNESS` before anything is served."""

from django.apps import AppConfig

from metrics_witness import configuration


class MetricsWitnessConfig(AppConfig):
    """Checks the settings when Django starts."""

    name = "metrics_witness"
    verbose_name = "Metrics witness"

    def ready(self) -> None:
        """Read the settings. Raises ImproperlyConfigured when they are wrong."""
        configuration.read()
