"""Load generators: what drives the target and records each request."""
