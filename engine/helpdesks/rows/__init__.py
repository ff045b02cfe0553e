"""From rows, of a file or a table, to tickets: what helpdesks that are read so have in common."""
