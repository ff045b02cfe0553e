"""The few pages that the daemon serves; the only part of the program that is asynchronous."""
