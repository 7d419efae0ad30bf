"""Left folds by NumPy: reads cases as JSON lines, inputs as raw files, writes the expected results."""
import json
import sys

import numpy as np

OPS = {
    "sum": np.add,
    "avg": np.add,
    "prod": np.multiply,
    "min": np.minimum,
    "max": np.maximum,
    "land": np.logical_and,
    "lor": np.logical_or,
    "lxor": np.logical_xor,
    "band": np.bitwise_and,
    "bor": np.bitwise_or,
    "bxor": np.bitwise_xor,
}


def complex_product(a, b):
    """By components, each operation rounded: NumPy's own may fuse."""
    result = np.empty_like(a)
    result.real = a.real * b.real - a.imag * b.imag
    result.imag = a.real * b.imag + a.imag * b.real
    return result


def fold(rows, op, carried):
    dtype = rows.dtype
    combine = complex_product if op == "prod" and dtype.kind == "c" else OPS[op]
    if op.startswith("l"):
        rows = rows.astype(bool)
    if carried:
        rows = rows.astype(np.float32)
    result = rows[0].copy()
    for row in rows[1:]:
        result = combine(result, row)
    if op == "avg":
        # Of components: NumPy divides complex numbers by a reciprocal.
        part = np.float32 if carried else result.real.dtype
        result = (result.view(part) / part.type(len(rows)) if not carried else result / np.float32(len(rows))).view(
            result.dtype
        )
    return result.astype(dtype)


with np.errstate(all="ignore"):
    for line in sys.stdin:
        case = json.loads(line)
        rows = np.fromfile(case["input"], dtype=np.uint8 if case["dtype"] == "bool" else case["dtype"])
        rows = rows.reshape(case["ranks"], case["count"])
        if case["dtype"] == "bool":
            rows = rows != 0
        fold(rows, case["op"], case["carried"]).tofile(case["output"])
