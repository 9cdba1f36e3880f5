"""Complete experiments, one function each: `NAME() -> Experiment`."""
