"""Each module here is one fault of the reference target: how its monitoring is made to lie, and what must notice."""
