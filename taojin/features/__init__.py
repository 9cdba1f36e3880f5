"""Tables -> columns, as of a time."""
