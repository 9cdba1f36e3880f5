"""What a training depends on, as one short text: files of another recipe or other data are told from one's own."""

import hashlib
import json

import numpy as np
import pyarrow as pa

from taojin.core.spec import encode
from taojin.data.dataset import Dataset
from taojin.scene import Experiment


def identity(experiment: Experiment, dataset: Dataset, base: str = "") -> str:
    """Twelve hexadecimal digits that change with the recipe, with any event and with any attribute.

    base    version of the run that the training goes on from
    """
    what = hashlib.sha256(json.dumps([encode(experiment), base], sort_keys=True).encode())
    events = dataset.log.events
    for column in (dataset.log.offsets, events.item, events.kinds, events.value, events.time):
        what.update(np.ascontiguousarray(column).tobytes())
    for table in (dataset.users, dataset.items):
        content = pa.BufferOutputStream()
        with pa.ipc.new_stream(content, table.schema) as stream:
            stream.write_table(table.combine_chunks())
        what.update(content.getvalue())
    return what.hexdigest()[:12]
