"""Request Tracker 5, over its REST interface 2.0."""
