"""From a decorated Python function to IR: see elaborator.py for the way, values.py for what names stand for."""
