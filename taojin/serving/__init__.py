"""Answers requests from a bundle and the live store: in process, over HTTP and on a web site."""
