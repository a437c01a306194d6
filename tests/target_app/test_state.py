"""Who may read `/state`."""
