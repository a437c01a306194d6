"""What a profile is, and reading it from harness.toml."""
