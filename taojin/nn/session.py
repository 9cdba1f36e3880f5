"""A graph as it is served. ONNX Runtime alone: what serves loads no torch."""

import onnxruntime

ERRORS = 3
"""Severity from which on ONNX Runtime writes to the log. It warns, in each run, where it had taken a sum over fields of
a request and one over those of candidates for the same shape; it then takes other memory, and the result is right.
"""


def loaded(graph: bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """The loaded graph, run by so many threads; one request alone is too little work to share between several."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
