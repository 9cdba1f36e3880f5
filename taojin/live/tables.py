"""What a live store has collected, as Arrow tables: what retraining and reports read."""

import pyarrow as pa

from taojin.core.live import LiveEvents, LiveStore

EVENTS = pa.schema(
    [
        ("user", pa.string()),
        ("item", pa.string()),
        ("time", pa.int64()),
        ("event", pa.string()),
        ("value", pa.float32()),
        ("arrival", pa.int64()),
    ]
)
IMPRESSIONS = pa.schema(
    [
        ("request_id", pa.string()),
        ("user", pa.string()),
        ("item", pa.string()),
        ("scene", pa.string()),
        ("time", pa.int64()),
        ("position", pa.int32()),
        ("score", pa.float32()),
        ("arrival", pa.int64()),
    ]
)


def events_table(store: LiveStore, since: int = 0) -> pa.Table:
    """Raw events whose arrival is above `since`, in the order of arrival; the last `arrival` is where to go on.

    value   null where there is none
    """
    return pa.Table.from_batches([_batch(block) for block in store.collect(since)], schema=EVENTS)


def impressions_table(store: LiveStore, since: int = 0) -> pa.Table:
    """What was shown, a row for each item; `position` counts from 1, `arrival` is the number of the answer."""
    rows = [
        (shown.request_id, shown.user, item, shown.scene, shown.time, position, score, arrival)
        for arrival, shown in store.shown(since)
        for position, (item, score) in enumerate(zip(shown.items, shown.scores, strict=True), start=1)
    ]
    columns = zip(*rows, strict=True) if rows else ((),) * len(IMPRESSIONS)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, IMPRESSIONS, strict=True)], IMPRESSIONS
    )


def _batch(block: LiveEvents) -> pa.RecordBatch:
    columns = [
        pa.array(block.user, pa.string()),
        pa.array(block.item, pa.string()),
        pa.array(block.time),
        pa.array(block.event, pa.string()),
        pa.array(block.value, from_pandas=True),
        pa.array(block.arrival),
    ]
    return pa.record_batch(columns, schema=EVENTS)
