"""Processes that work for this one."""

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor


def fresh_processes(workers: int) -> ProcessPoolExecutor:
    """A pool of processes, each a fresh interpreter, which end with this one, however it ends.

    Fresh, since what serves or trains runs threads, which a fork would leave behind; left alone, they would go on
    working, and wait for ever for more, when this one was killed.

    >>> from math import sqrt
    >>> with fresh_processes(1) as pool:
    ...     list(pool.map(sqrt, [4.0, 9.0]))
    [2.0, 3.0]
    """
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_end_with_parent)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "called in a worker"

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
