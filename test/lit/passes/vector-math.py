"""Prints the definitions that vector-math.mlir calls, beside all the others."""

from pydex.passes.vector_math import FUNCTIONS, module_functions

print(module_functions((op, element) for op in FUNCTIONS for element in ("f32", "f64", "vector<8xf32>")))
