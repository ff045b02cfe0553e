"""What helpdesks that are reached over HTTP have in common."""
