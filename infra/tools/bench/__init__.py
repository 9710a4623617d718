"""Measures cold starts."""
