"""A peer of bench/tasks.ts: MPIPoolExecutor of mpi4py. Arguments: microseconds per measurement; tasks at once."""

import sys
import time

from mpi4py.futures import MPIPoolExecutor

WARM_PART = 5
FEWEST_SAMPLES = 3


def same(value):
    return value


def main():
    budget_us = float(sys.argv[1])
    with MPIPoolExecutor() as pool:
        for at_once in map(int, sys.argv[2:]):

            def batch():
                begun = time.perf_counter()
                futures = [pool.submit(same, i) for i in range(at_once)]
                if [future.result() for future in futures] != list(range(at_once)):
                    raise SystemExit("wrong result")
                return (time.perf_counter() - begun) * 1e6

            begun = time.perf_counter()
            while (time.perf_counter() - begun) * 1e6 < budget_us / WARM_PART:
                batch()
            samples = []
            begun = time.perf_counter()
            while len(samples) < FEWEST_SAMPLES or (time.perf_counter() - begun) * 1e6 < budget_us:
                samples.append(batch() / at_once)
            print("task", at_once, f"{sorted(samples)[len(samples) // 2]:.3f}", flush=True)


if __name__ == "__main__":
    main()
