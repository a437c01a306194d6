"""The preflight: what is there before any load, what can be proved with it, and the remedy of each obstacle.

`asking` gathers `facts`, `rows` judges them, `store` writes them to preflight.json.
"""
