"""The words everybody uses: batches, protocols, specs and traces. NumPy only."""
