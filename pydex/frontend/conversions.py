"""."""
CONVERSIONS = {}
