"""How fast the machine is right now, to tell a slow program from a busy machine."""

import time
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Calibration:
    """gflops of an fp32 product of 1,024 x 1,024 matrices, and gigabytes a second of adding one to 256 MB."""

    gflops: float
    gigabytes: float


def calibrate(threads: int) -> Calibration:
    """The best of a few runs of both kernels."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    matrix, memory = torch.randn(1024, 1024), torch.zeros(64 * 1024**2)
    product = min(_seconds(lambda: matrix @ matrix) for _ in range(10))
    touched = min(_seconds(lambda: memory.add_(1)) for _ in range(4))
    torch.set_num_threads(before)
    return Calibration(2 * 1024**3 / product / 1e9, 2 * memory.nbytes / touched / 1e9)


def _seconds(run) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
