// RUN: pydex-opt %s -p cse,dce | filecheck %s

// Equal ops are one, commutative ones in either order, loops up to the names of what they define.
// CHECK-LABEL: func.func @loops
// CHECK: %[[S:.*]] = ix.for
// CHECK: ix.for
// CHECK-NOT: ix.for
// CHECK: func.return %[[S]], %[[S]] :
func.func @loops(%x : !ix.tab<[n], f64>, %y : f64) -> (f64, f64) {
  ix.sizes ["n"]
  %a = ix.for %i "i" : !ix.idx<n> {
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %r = ix.for %j : !ix.idx<i + 1> {
      %w = arith.mulf %v, %y : f64
      ix.yield %w : f64
    } -> (add f64)
    ix.yield %r : f64
  } -> (add f64)
  %b = ix.for %k "k" : !ix.idx<n> {
    %v = ix.at %x[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %r = ix.for %j : !ix.idx<k + 1> {
      %w = arith.mulf %y, %v : f64
      ix.yield %w : f64
    } -> (add f64)
    ix.yield %r : f64
  } -> (add f64)
  func.return %a, %b : f64, f64
}

// One that another dominates is replaced, one in another branch is not.
// CHECK-LABEL: func.func @scopes
// CHECK: scf.if
// CHECK-NEXT: math.exp
// CHECK: else
// CHECK-NEXT: math.exp
// CHECK: math.exp
// CHECK-NEXT: scf.if
// CHECK-NOT: math.exp
// CHECK: return
func.func @scopes(%x : f64, %c : i1) -> (f64, f64) {
  %a = scf.if %c -> (f64) {
    %e = math.exp %x : f64
    scf.yield %e : f64
  } else {
    %e = math.exp %x : f64
    %s = arith.addf %e, %e : f64
    scf.yield %s : f64
  }
  %e = math.exp %x : f64
  %b = scf.if %c -> (f64) {
    %f = math.exp %x : f64
    scf.yield %f : f64
  } else {
    scf.yield %e : f64
  }
  %s = arith.addf %b, %e : f64
  func.return %a, %s : f64, f64
}

// A result that is another one again; a second check of one condition, whatever it would say.
// CHECK-LABEL: func.func @twice
// CHECK: %[[S:.*]] = ix.for
// CHECK-COUNT-1: eff.check
// CHECK-NOT: eff.check
// CHECK: } -> (add f64)
// CHECK: func.return %[[S]], %[[S]]
func.func @twice(%x : !ix.tab<[n], f64>, %ok : i1) -> (f64, f64) {
  ix.sizes ["n"]
  %a, %b = ix.for %i : !ix.idx<n> {
    eff.check %ok, "ValueError" "once"
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    eff.check %ok, "IndexError" "twice"
    ix.yield %v, %v : f64, f64
  } -> (add f64, add f64)
  func.return %a, %b : f64, f64
}

// The square of a difference is that of the difference the other way round.
// CHECK-LABEL: func.func @square
// CHECK-COUNT-1: arith.mulf
// CHECK-NOT: arith.mulf
// CHECK: return
func.func @square(%x : f64, %y : f64) -> (f64, f64) {
  %a = arith.subf %x, %y : f64
  %b = arith.subf %y, %x : f64
  %aa = arith.mulf %a, %a : f64
  %bb = arith.mulf %b, %b : f64
  func.return %aa, %bb : f64, f64
}

// Accumulations stay, and so do fills, which may be updated in place; what reads equal fills is equal.
// CHECK-LABEL: func.func @fills
// CHECK-COUNT-2: ix.fill
// CHECK-COUNT-2: eff.add
// CHECK: return
func.func @fills(%b : !ix.tab<[n], !ix.idx<k>>, %x : f64) -> (!ix.tab<[k], f64>, !ix.tab<[k], f64>) {
  ix.sizes ["n", "k"]
  %c = arith.constant 0.0 : f64
  %y = ix.fill %c : f64 -> !ix.tab<[k], f64>
  %z = ix.fill %c : f64 -> !ix.tab<[k], f64>
  %g, %h = eff.accum add, add (%p = %y : !ix.tab<[k], f64>, %q = %z : !ix.tab<[k], f64>) {
    ix.for %i : !ix.idx<n> {
      %j = ix.at %b[%i : !ix.idx<n>] : !ix.tab<[n], !ix.idx<k>> -> !ix.idx<k>
      eff.add %p[%j : !ix.idx<k>], %x : !eff.acc<add, !ix.tab<[k], f64>>, f64
      eff.add %q[%j : !ix.idx<k>], %x : !eff.acc<add, !ix.tab<[k], f64>>, f64
      ix.yield
    }
    eff.yield
  }
  func.return %g, %h : !ix.tab<[k], f64>, !ix.tab<[k], f64>
}
