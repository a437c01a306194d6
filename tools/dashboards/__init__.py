"""The Grafana dashboards, as Python: each module but `parts` and `queries` is one of them."""
