"""The samples of the load generator: their schema, their sums, and what makes them trustworthy."""
