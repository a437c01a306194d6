"""What each witness says, as values: the client's samples, the answers of Prometheus, the target's own totals."""
