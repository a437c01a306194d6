"""What an instrumentation exports and how it is wired: names, labels, laws and advice.

`base.Instrumentation` is one exporter as a value, `registry` finds it for a run or a profile, `diagnosis` is what its
doctor answers.
"""
