"""Array types, reserved rows and units of time.

Rows and ids are int64, scores float32, times int64 milliseconds since 1970-01-01 UTC.
"""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

PAD = 0
"""Row of "nothing here": masked everywhere."""
UNKNOWN = 1
"""Row of "an id that the vocabulary does not have": trained, not masked."""
FIRST = 2
"""The first row that stands for a real id."""

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
YEAR = 365 * DAY
FOREVER = 1 << 62
"""A window without an end."""
NEVER = -(1 << 63)
"""The time of what did not happen."""
