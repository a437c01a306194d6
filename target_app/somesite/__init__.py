"""The project of the reference target: settings, URLs, servers."""
