"""What an instrumentation exports and how it is wired: names, labels, laws and advice."""
