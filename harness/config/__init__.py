"""What a profile is, and reading it from harness.toml.

`toml_file.parse` reads a file into a `Config`, whose `profile` gives a `profile.Profile`; `variants` merges into it,
and `hosts.check_hosts` says whether it may be loaded.
"""
