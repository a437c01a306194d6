"""django-prometheus as this target starts it."""

import logging
import warnings

from django.db import Error, connections
from django_prometheus.apps import DjangoPrometheusConfig

logger = logging.getLogger(__name__)


class ReachablePrometheusConfig(DjangoPrometheusConfig):  # type: ignore[misc]
    """Starts without the gauges of migrations when the database does not answer, instead of not at all."""

    def ready(self) -> None:
        """Export what can be exported, and leave no connection behind.

        Counting migrations asks the database, of which Django warns while its apps are being loaded.
        """
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Accessing the database during app initialization", RuntimeWarning)
            try:
                super().ready()
            except Error as error:
                reason = str(error).partition("\n")[0]
                logger.warning("migrations are not exported: the database does not answer: %s", reason)
            finally:
                connections.close_all()
