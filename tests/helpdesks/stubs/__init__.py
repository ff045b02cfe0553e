"""Stub servers: helpdesks that nobody can run here, as their vendors' documentation tells of them.

They prove that a connector does what the documentation asks for; they do not prove that the
documentation is right. What was never tried on a real account is named on the connector's page.
"""
