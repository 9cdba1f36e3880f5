"""Parts that turn field vectors into a representation: one file each."""
