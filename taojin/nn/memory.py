"""Keeps what a training step has freed for the next one, which needs just as much."""

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's `mallopt`."""
MIB = 1024**2


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Let the process keep up to 256 MiB of freed memory; with another C library than glibc nothing happens.

    Left alone, glibc gives the tensors of each step back to the system, which hands them out again page by page,
    zeroed: a fifth of the time of a DeepFM step (fp32, batch 4,096).
    """
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(MMAP_THRESHOLD, 32 * MIB)
    libc.mallopt(TRIM_THRESHOLD, 256 * MIB)
    try:
        yield
    finally:
        libc.mallopt(TRIM_THRESHOLD, MIB)
        libc.malloc_trim(0)
