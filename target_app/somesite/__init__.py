"""The project of the reference target: settings, URLs, witness."""
