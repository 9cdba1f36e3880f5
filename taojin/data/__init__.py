"""From raw files to checked tables: users, items, events."""
