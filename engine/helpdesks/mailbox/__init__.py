"""A mailbox, reached over IMAP, as the helpdesk of a team that has nothing else."""
