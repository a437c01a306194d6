"""The regression gate: a candidate against its base.

`pairs.paired_gate` runs both sides in turn, `decision.judgement` compares them, `baseline.commands` compares with
stored runs, `self_test` measures how often it is right.
"""
