"""The real pipeline, with the world outside swapped for a recorder."""
