"""The doors: the command line, the pytest plugin, the doctor."""
