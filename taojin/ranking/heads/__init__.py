"""Parts that turn a representation into a logit per task: one file each."""
