"""A peer of bench/collectives.ts: all_reduce of torch over gloo. Arguments: ranks; microseconds; sizes in bytes."""

import multiprocessing
import os
import sys
import tempfile

import torch
import torch.distributed as dist
from samples import PATTERN, median_us


def agree(value):
    shared = torch.tensor([value], dtype=torch.float64)
    dist.broadcast(shared, 0)
    return shared.item()


def run(rank, size, store, budget_us, sizes):
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=size)
    for size_bytes in sizes:
        x = torch.zeros(size_bytes // 4, dtype=torch.float32)
        numbers = torch.arange(x.numel()) % PATTERN
        x.copy_((rank + 1) * numbers)
        dist.all_reduce(x)
        if not torch.equal(x, (size * (size + 1) // 2 * numbers).float()):
            raise SystemExit(f"wrong sum at {size_bytes} bytes on rank {rank}")
        x.zero_()
        us = median_us(lambda: dist.all_reduce(x), agree, budget_us)
        if rank == 0:
            print("in-place", size_bytes, f"{us:.4f}", flush=True)
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    ranks = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        given = (ranks, os.path.join(folder, "store"), float(sys.argv[2]), [int(text) for text in sys.argv[3:]])
        processes = [multiprocessing.Process(target=run, args=(rank, *given)) for rank in range(ranks)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
    sys.exit(max(abs(process.exitcode) for process in processes))
