"""Where Django looks for `base`."""
