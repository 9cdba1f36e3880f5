"""A run as one HTML page that opens offline: what it is worth, what each part does, what it shows."""
