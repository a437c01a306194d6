"""Arrow's columns as NumPy's arrays and back, by their memory: pyarrow's own conversions load pandas first."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]


def valid(column: pa.ChunkedArray) -> Mask:
    """Which rows have a value."""
    if not column.null_count:
        return np.ones(len(column), dtype=bool)
    return _of(pc.cast(pc.is_valid(column.combine_chunks()), pa.uint8())).view(np.bool_)


def values(column: pa.ChunkedArray | pa.Array, missing: float = 0) -> npt.NDArray[Any]:
    """A column of numbers or truths; a row without one has `missing`."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    truths = pa.types.is_boolean(array.type)
    found = _of(pc.cast(array, pa.uint8()) if truths else array)
    if array.null_count:
        found = np.where(valid(pa.chunked_array([array])), found, np.asarray(missing, dtype=found.dtype))
    return found.view(np.bool_) if truths else found


def floats(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """A column of numbers; NaN where a row has none."""
    found = values(column).astype(np.float64)
    found[~valid(column)] = np.nan
    return found


def column(values: npt.NDArray[Any]) -> pa.Array:
    """An array of numbers as a column."""
    whole = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(whole.dtype), len(whole), [None, pa.py_buffer(whole)])


def truths(mask: Mask) -> pa.Array:
    """A mask as a column of truths."""
    return pc.cast(column(mask.view(np.uint8)), pa.bool_())


def _of(array: pa.Array) -> npt.NDArray[Any]:
    """The memory of the values, whatever of it is valid. Raises TypeError for what is no number of a fixed width."""
    if not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)):
        raise TypeError(f"{array.type} is no type of numbers")  # reading such memory as numbers ends the interpreter
    if not len(array):
        return np.zeros(0, array.type.to_pandas_dtype())
    bare = pa.Array.from_buffers(array.type, len(array), [None, array.buffers()[1]], offset=array.offset)
    found: npt.NDArray[Any] = np.from_dlpack(bare)
    return found
