"""The check of the API against its own description."""
