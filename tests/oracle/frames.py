"""Types of tables. pandas-stubs gives a cell the union of all types, so that no arithmetic on it is allowed."""

from typing import Any

Frame = Any
"""A `pandas.DataFrame`."""
Column = Any
"""A `pandas.Series`."""
