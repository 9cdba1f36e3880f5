"""Parts that turn a history and a candidate into vectors: one file each."""
