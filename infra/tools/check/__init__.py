"""Whether the template, the folders and the code agree."""
