"""Reverse mode against central differences of the primal program: every structural op, and nestings of them."""

import numpy as np
import pytest
from ad.programs import check_vjp

RNG = np.random.default_rng(7)

FUSED = """
func.func @f(%x : !ix.tab<[n], f64>, %y: !ix.tab<[n], f64>) -> f64 {
  ix.sizes ["n"]
  %s = ix.for %i : !ix.idx<n> {
    %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %b = ix.at %y[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %sin = math.sin %a : f64
    %p = arith.mulf %sin, %b : f64
    %q = arith.mulf %a, %a : f64
    %nq = arith.negf %q : f64
    %e = math.exp %nq : f64
    %t = arith.addf %p, %e : f64
    %tt = arith.mulf %t, %t : f64
    ix.yield %tt : f64
  } -> (add f64)
  %n = ix.size_of <n>
  %ni = arith.index_cast %n : index to i64
  %nf = arith.sitofp %ni : i64 to f64
  %m = arith.divf %s, %nf : f64
  func.return %m : f64
}
"""

#: name -> (IR, shapes of the arguments, wrt)
PROGRAMS = {
    "fused": (FUSED, [(5,), (5,)], [0, 1]),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_reverse_mode_agrees_with_differences(name: str) -> None:
    text, shapes, wrt = PROGRAMS[name]
    check_vjp(text, [RNG.standard_normal(s) for s in shapes], wrt)
