"""Whether the template says what the code does."""
