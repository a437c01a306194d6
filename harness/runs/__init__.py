"""One run from its profile to its report: pipeline, measured window, run directory, inputs, judgement."""
