"""What each account says, as values: the client's samples, the answers of Prometheus, the target's own totals.

`prometheus_evidence` adds up raw answers, `client.aggregate` samples into a `client.summary.ClientSummary`, `moments`
says when counters were read, `target_totals` what the target says of itself, `comparability` what two runs share.
"""
