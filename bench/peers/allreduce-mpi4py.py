"""A peer of bench/collectives.ts: Allreduce of mpi4py over NumPy arrays. Arguments: microseconds; sizes in bytes."""

import sys

import numpy as np
from mpi4py import MPI
from samples import PATTERN, median_us

world = MPI.COMM_WORLD
rank, size = world.Get_rank(), world.Get_size()
budget_us = float(sys.argv[1])


def measure(form, own, source, target):
    numbers = np.arange(own.size) % PATTERN
    own[:] = (rank + 1) * numbers
    world.Allreduce(source, target)
    if not np.array_equal(target, size * (size + 1) // 2 * numbers):
        world.Abort(1)
    own[:] = target[:] = 0
    us = median_us(lambda: world.Allreduce(source, target), world.bcast, budget_us)
    if rank == 0:
        print(form, own.nbytes, f"{us:.4f}")


for size_bytes in map(int, sys.argv[2:]):
    x, y = np.zeros(size_bytes // 4, np.float32), np.zeros(size_bytes // 4, np.float32)
    measure("in-place", y, MPI.IN_PLACE, y)
    measure("two-buffer", x, x, y)
