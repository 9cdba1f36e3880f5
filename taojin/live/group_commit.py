"""Group commit: one thread writes, and what queues up while it waits for the disk shares the next commit."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

LONGEST_GROUP = 1_000


@dataclass(frozen=True, slots=True)
class Job(Generic[T, R]):
    """Something to write, and the promise of what becomes of it."""

    work: T
    done: "Future[R]" = field(default_factory=Future)


class GroupCommit(Generic[T, R]):
    """Hands jobs to `commit` in groups, on a thread of its own.

    commit  writes all jobs of a group durably or none, and returns a result for each; where it fails, each job of the
            group is handed to it alone, so that one that cannot be written takes no other with it

    >>> writer = GroupCommit(lambda jobs: [2 * job for job in jobs], name="doubling")
    >>> writer.submit(21).result()
    42
    >>> writer.close()
    """

    def __init__(self, commit: Callable[[Sequence[T]], Sequence[R]], name: str) -> None:
        self._commit = commit
        self._jobs: queue.SimpleQueue[Job[T, R] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._name = name
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, work: T) -> "Future[R]":
        """Queue some work; the future is done once it is committed."""
        job: Job[T, R] = Job(work)
        with self._lock:
            if self._closed:
                raise ValueError(f"{self._name}: expected an open store, got one that was closed; open it again")
            self._jobs.put(job)
        return job.done

    def close(self) -> None:
        """Commit what is queued and stop; a second call does nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        stop = False
        while not stop:
            group, stop = self._next_group()
            if group:
                self._write(group)

    def _next_group(self) -> tuple[list[Job[T, R]], bool]:
        """What is queued, at least one entry; and whether the end was among it."""
        group: list[Job[T, R]] = []
        entry = self._jobs.get()
        while entry is not None:
            group.append(entry)
            if len(group) == LONGEST_GROUP:
                return group, False
            try:
                entry = self._jobs.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _write(self, group: list[Job[T, R]]) -> None:
        try:
            results = self._commit([job.work for job in group])
        except Exception as error:  # whatever it is, it belongs to whoever waits for it
            if len(group) == 1:
                group[0].done.set_exception(error)
            else:  # and to nobody else: one job that cannot be written must not take the others with it
                for job in group:
                    self._write([job])
            return
        for job, result in zip(group, results, strict=True):
            job.done.set_result(result)
