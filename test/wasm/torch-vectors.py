"""Makes torch-bfloat16.json: left folds over bfloat16 by Torch on the CPU, which the kernels are compared with.

Run by hand with Debian's python3-torch: /usr/bin/python3 test/wasm/torch-vectors.py > test/wasm/torch-bfloat16.json
Patterns are the 16 bits of each number. A NaN is 0x7fc0 and, of least and greatest, a zero is 0: which of them is open.
"""
import base64
import hashlib
import json

import numpy as np
import torch

COUNT = 1031
RANKS = 8
SPECIALS = [0, 0x8000, 0x3F80, 0xBF80, 0x7FC0, 0x7F80, 0xFF80, 1, 0x8001, 0x007F, 0x7F7F, 0xFF7F, 0x4380, 0x4040, 0x3E66]
EVERY = np.arange(65536, dtype=np.uint16)
OPS = {
    "sum": torch.add,
    "avg": torch.add,
    "prod": torch.mul,
    "min": torch.minimum,
    "max": torch.maximum,
    "land": torch.logical_and,
    "lor": torch.logical_or,
    "lxor": torch.logical_xor,
}


def numbers(patterns):
    """bfloat16 tensor of 16-bit patterns."""
    return torch.from_numpy(patterns.astype(np.uint16).view(np.int16).copy()).view(torch.bfloat16)


def patterns(tensor, op):
    bits = tensor.to(torch.bfloat16).view(torch.int16).numpy().view(np.uint16).copy()
    bits[(bits & 0x7FFF) > 0x7F80] = 0x7FC0
    if op in ("min", "max"):
        bits[bits == 0x8000] = 0
    return bits


def fold(rows, op, carried):
    rows = [numbers(row).to(torch.float32) if carried else numbers(row) for row in rows]
    result = rows[0]
    for row in rows[1:]:
        result = OPS[op](result, row)
    if op == "avg":
        result = result / torch.full_like(result, len(rows))
    return patterns(result, op)


def text(bits):
    return base64.b64encode(bits.astype("<u2").tobytes()).decode()


def inputs():
    """Specials, everyday numbers whose sums round, and any bits, in equal parts."""
    random = np.random.default_rng(20261124)
    shape = (RANKS, COUNT)
    everyday = (random.standard_normal(shape) * 10.0 ** random.integers(-3, 4, shape)).astype(np.float32)
    everyday = torch.from_numpy(everyday).to(torch.bfloat16).view(torch.int16).numpy().view(np.uint16)
    kinds = [random.choice(SPECIALS, shape), everyday, random.integers(0, 65536, shape)]
    return np.choose(random.integers(0, 3, shape), kinds).astype(np.uint16)


rows = inputs()
folds = [
    {"op": op, "carried": carried, "ranks": ranks, "expected": text(fold(rows[:ranks], op, carried))}
    for op in OPS
    for carried in ([False, True] if op in ("sum", "prod", "avg") else [False])
    for ranks in (2, 3, RANKS)
]
# All patterns with 0, 1, the largest number and themselves: too long to keep, so their digests.
others = {"0": EVERY * 0, "1": EVERY * 0 + 0x3F80, "largest": EVERY * 0 + 0x7F7F, "itself": EVERY}
digests = [
    {"op": op, "with": name, "sha256": hashlib.sha256(fold([EVERY, other], op, False).astype("<u2").tobytes()).hexdigest()}
    for op in OPS
    for name, other in others.items()
]
page = {"torch": torch.__version__, "count": COUNT, "inputs": text(rows), "folds": folds, "digests": digests}
print(json.dumps(page, indent=2))
