"""Channels: one file per way to fit; `serve` holds the three ways to serve."""
