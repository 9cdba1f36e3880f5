"""The live store: what happened since training, keyed by external ids."""
