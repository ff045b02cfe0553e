"""A helpdesk that is a file: an event log or a snapshot, CSV or JSON Lines."""
