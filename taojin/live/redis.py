"""A live store in Redis, for several replicas of a service that share what has happened.

Keys begin with `taojin:{NAME}:`, the braces so that a cluster keeps all of a run in one place:

    ids             set of the ids of all events: the same id again is the same event
    arrival         how many events and impressions there have been
    user:USER       list of that user's events, in the order of arrival
    users           sorted set of users by their newest arrival
    events, shown   streams of all events and of all impressions, numbered by arrival

What is acknowledged is as durable as the server: `appendonly yes` is asked for, and `appendfsync always` is what makes
it survive a power cut; with `everysec` up to a second of events may be lost.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import redis
from redis.exceptions import RedisError

from taojin.core.live import Impression, LiveEvent, LiveEvents, Receipt

log = logging.getLogger(__name__)

BLOCK = 10_000
NEWEST = 10_000
SECONDS = 5.0
"""How long an answer of the server may take."""
APPEND = """
local applied = 0
for at = 1, #ARGV, 3 do
  if redis.call('SADD', KEYS[1], ARGV[at]) == 1 then
    local arrival = redis.call('INCR', KEYS[2])
    redis.call('RPUSH', KEYS[5] .. ARGV[at + 1], arrival .. ' ' .. ARGV[at + 2])
    redis.call('ZADD', KEYS[3], arrival, ARGV[at + 1])
    redis.call('XADD', KEYS[4], arrival .. '-0', 'user', ARGV[at + 1], 'event', ARGV[at + 2])
    applied = applied + 1
  end
end
return applied
"""
SHOWN = """
return redis.call('XADD', KEYS[2], redis.call('INCR', KEYS[1]) .. '-0', 'shown', ARGV[1])
"""
"""Scripts run alone: nobody sees half a batch, and numbers are given in the order of the streams."""


class RedisStore:
    """A live store of one run in a Redis server, version 6.2 or newer.

    url     redis://[[user]:password@]host[:port][/number], or rediss:// with TLS
    name    of the run; another one is another store
    """

    def __init__(self, url: str, name: str) -> None:
        self._prefix = f"taojin:{{{name}}}:"
        try:
            self._client = redis.Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS)
            self._check(self._client.info("persistence"))
        except (RedisError, ValueError) as error:
            raise ValueError(
                f"live store {_plain(url)}: expected a Redis server that answers, got: {error}; start it, or leave "
                "TAOJIN_STORE out to keep events in a file"
            ) from error
        self._append = self._client.register_script(APPEND)
        self._shown = self._client.register_script(SHOWN)
        self._writer = ThreadPoolExecutor(1, "live store")
        self._closed = False

    def append(self, events: Sequence[LiveEvent]) -> Receipt:
        """Store all of these or none; returns once the server has them. An id that is there already is not applied."""
        if self._closed:
            raise ValueError("live store: is closed")
        arguments: list[str] = []
        for one in events:
            for field in ("id", "user", "item", "event"):
                if not isinstance(got := getattr(one, field), str):
                    raise ValueError(f"live store: event {one.id!r}, {field}: expected text, got {got!r}")
            arguments += (one.id, one.user, json.dumps([one.item, one.event, one.value, one.time]))
        keys = [self._key(name) for name in ("ids", "arrival", "users", "events", "user:")]
        applied = int(self._append(keys, arguments)) if arguments else 0
        return Receipt(applied, len(events) - applied)

    def record(self, impression: Impression) -> None:
        """Queue what was shown; `flush` waits for the server."""
        self._writer.submit(self._record, impression)

    def flush(self) -> None:
        """Wait until all that was recorded is there."""
        self._writer.submit(lambda: None).result()  # one thread, in order: all before it is done

    def user_events(self, user: str) -> LiveEvents:
        """All events of one user, by (time, arrival)."""
        rows = []
        for line in self._client.lrange(self._key(f"user:{user}"), 0, -1):
            arrival, _, event = line.decode().partition(" ")
            rows.append((user, *json.loads(event), int(arrival)))
        return LiveEvents.of(sorted(rows, key=lambda row: (row[4], row[5])))

    def users(self, limit: int) -> tuple[str, ...]:
        """Users with the newest arrivals first, 10,000 at most."""
        found = self._client.zrevrange(self._key("users"), 0, min(limit, NEWEST) - 1) if limit > 0 else []
        return tuple(user.decode() for user in found)

    def collect(self, since: int = 0) -> Iterator[LiveEvents]:
        """The events whose arrival is above `since`, in the order of arrival, in blocks of 10,000."""
        for block in self._blocks("events", since):
            yield LiveEvents.of(
                [(fields[b"user"].decode(), *json.loads(fields[b"event"]), arrival) for arrival, fields in block]
            )

    def shown(self, since: int = 0) -> Iterator[tuple[int, Impression]]:
        """Impressions with their numbers, from above `since` on, in the order of arrival."""
        for block in self._blocks("shown", since):
            for arrival, fields in block:
                request_id, user, scene, time, items, scores = json.loads(fields[b"shown"])
                yield (
                    arrival,
                    Impression(
                        request_id=request_id,
                        user=user,
                        scene=scene,
                        time=time,
                        items=tuple(items),
                        scores=tuple(scores),
                    ),
                )

    def close(self) -> None:
        """Write what is queued and let go of the connections."""
        self._closed = True
        self._writer.shutdown()
        self._client.close()

    def _blocks(self, stream: str, since: int) -> Iterator[list[tuple[int, dict[bytes, bytes]]]]:
        while True:
            found = self._client.xrange(self._key(stream), min=f"({since}-0", count=BLOCK)
            if not found:
                return
            block = [(int(number.split(b"-")[0]), fields) for number, fields in found]
            yield block
            since = block[-1][0]

    def _record(self, impression: Impression) -> None:
        what = [impression.request_id, impression.user, impression.scene, impression.time]
        text = json.dumps([*what, impression.items, impression.scores])
        try:
            self._shown([self._key("arrival"), self._key("shown")], [text])
        except RedisError as error:
            log.error("live store: an impression was not stored: %s", error)

    def _key(self, name: str) -> str:
        return self._prefix + name

    @staticmethod
    def _check(persistence: dict[str, Any]) -> None:
        """Refuse a server that forgets everything when it stops."""
        if not int(persistence.get("aof_enabled", 1)):
            raise ValueError("one that keeps nothing on disk (appendonly no); set `appendonly yes`")


def _plain(url: str) -> str:
    """The address without what is secret in it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
