"""The bench of cold starts."""
