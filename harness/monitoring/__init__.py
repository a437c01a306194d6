"""Dashboards, recording rules and alerts as values, and what they must show.

`dashboards.grafana` reads panels and `dashboards.corrections` evaluates the right expression beside the written one;
`rules.rule_file` reads rules, `rules.reevaluation` and `rules.alert_states` say what they must have given.
"""
