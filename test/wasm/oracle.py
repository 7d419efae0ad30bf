"""Left folds by NumPy: reads cases as JSON lines, inputs as raw files, writes the expected results."""
import json
import sys

import numpy as np

OPS = {"sum": np.add, "prod": np.multiply, "min": np.minimum, "max": np.maximum}

with np.errstate(all="ignore"):
    for line in sys.stdin:
        case = json.loads(line)
        rows = np.fromfile(case["input"], dtype=case["dtype"]).reshape(case["ranks"], case["count"])
        result = rows[0].copy()
        for row in rows[1:]:
            result = OPS[case["op"]](result, row)
        assert result.dtype == rows.dtype
        result.tofile(case["output"])
