"""."""
def accumulate_name(*a): return False
