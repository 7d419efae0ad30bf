"""How every Python program of this folder times a call; samples.h and samples.ts do the same."""

import time

WARM_PART = 5
SAMPLE_PART = 75
FEWEST_SAMPLES = 5
PATTERN = 97


def median_us(call, agree, budget_us):
    """Microseconds per call on this rank. agree(value) gives rank 0's value to all ranks."""

    def timed(calls):
        begun = time.perf_counter()
        for _ in range(calls):
            call()
        return (time.perf_counter() - begun) * 1e6

    calls = 1
    took = agree(timed(calls))
    while took < budget_us / WARM_PART:
        calls *= 2
        took = agree(timed(calls))
    each = took / calls
    batch = 1 + int(budget_us / SAMPLE_PART / each)
    samples = max(FEWEST_SAMPLES, int(budget_us / (each * batch)))
    us = sorted(timed(batch) / batch for _ in range(samples))
    return us[len(us) // 2]
