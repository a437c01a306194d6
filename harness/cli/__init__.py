"""The doors: the command line, the pytest plugin, the doctor.

`main.entrypoint` is the command `harness`, `main.main` the same as a function that returns its exit code, and
`pytest_plugin` what pytest loads. Nothing else is for others.
"""
