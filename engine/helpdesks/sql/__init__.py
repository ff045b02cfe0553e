"""Tickets from any database that SQLAlchemy reaches."""
