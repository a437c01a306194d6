"""One run from its profile to its report: pipeline, measured window, run directory, inputs, judgement.

`pipeline.run` makes a run and `pipeline.up` the stack alone, `observe.verify` a run without load;
`judge.verify` and `judge.render_again` work on a stored one, `stored_run` is the public `harness.open_run`.
"""
