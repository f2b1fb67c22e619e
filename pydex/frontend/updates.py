"""."""
def note_owner(*a): pass
