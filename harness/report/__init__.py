"""Verdicts and figures of a run, their likely causes, and the report in each format.

`verification.verify` runs the checks on the facts, `causes.likely` names causes by the table `cause_rules`, and
`render.FORMATS` writes each format from a `core.report.Report`.
"""
