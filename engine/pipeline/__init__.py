"""The road of the data: ingest, evaluate, deliver, rescue. Each stage is a function of `now`."""
