"""The regression gate: a candidate against its base."""
