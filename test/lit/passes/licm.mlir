// RUN: pydex-opt %s -p licm | filecheck %s

// Out of the inner loop what does not depend on j, out of both the loop that depends on neither.
// CHECK-LABEL: func.func @hoisted
// CHECK: %m = ix.for
// CHECK: %t = ix.for
// CHECK-NEXT: ix.at %x[%i
// CHECK-NEXT: %[[E:.*]] = math.exp
// CHECK-NEXT: ix.for
// CHECK-NEXT: ix.at %y
// CHECK-NEXT: arith.mulf %{{.*}}, %[[E]]
// CHECK-NEXT: ix.yield
func.func @hoisted(%x : !ix.tab<[n], f64>, %y : !ix.tab<[n, n], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %t = ix.for %i : !ix.idx<n> {
    %s = ix.for %j : !ix.idx<n> {
      %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %e = math.exp %v : f64
      %w = ix.at %y[%i, %j : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f64> -> f64
      %q = arith.mulf %w, %e : f64
      ix.yield %q : f64
    } -> (add f64)
    %m = ix.for %j : !ix.idx<n> {
      %v = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      ix.yield %v : f64
    } -> (add f64)
    %o = arith.addf %s, %m : f64
    ix.yield %o : f64
  } -> (tab !ix.tab<[n], f64>)
  func.return %t : !ix.tab<[n], f64>
}

// The loop may not run at all: then there may be no element 0, no maximum, and the divisor may be 0. A table to be
// updated in place stays, and so does what may raise.
// CHECK-LABEL: func.func @kept
// CHECK-NEXT: ix.sizes
// CHECK-NEXT: ix.for
// CHECK: ix.index () + 0
// CHECK-NEXT: ix.at
// CHECK-NEXT: eff.check
// CHECK-NEXT: arith.floordivsi
// CHECK-NEXT: ix.fill
// CHECK-NEXT: ix.update
// CHECK-NEXT: %m = ix.for
func.func @kept(%x : !ix.tab<[n], f64>, %a : i64, %b : i64, %ok : i1) -> (f64, f64, f64, i64) {
  ix.sizes ["n"]
  %r:4 = ix.for %i : !ix.idx<n> {
    %k = ix.index () + 0 : !ix.idx<n>
    %v = ix.at %x[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    eff.check %ok, "ValueError" "no"
    %q = arith.floordivsi %a, %b : i64
    %f = ix.fill %v : f64 -> !ix.tab<[n], f64>
    %u = ix.update %f[%i : !ix.idx<n>], %v : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
    %m = ix.for %j : !ix.idx<n> {
      %w = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      ix.yield %w : f64
    } -> (max f64)
    %w = ix.at %u[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    ix.yield %v, %m, %w, %q : f64, f64, f64, i64
  } -> (add f64, add f64, add f64, add i64)
  func.return %r#0, %r#1, %r#2, %r#3 : f64, f64, f64, i64
}

// An index in range by its type alone takes what it reads along.
// CHECK-LABEL: func.func @neighbours
// CHECK: ix.for %i
// CHECK-NEXT: ix.index (%i * 1
// CHECK-NEXT: ix.at %x
// CHECK-NEXT: ix.for
func.func @neighbours(%x : !ix.tab<[n + 1], f64>, %y : !ix.tab<[m], f64>) -> f64 {
  ix.sizes ["n", "m"]
  %s = ix.for %i : !ix.idx<n> {
    %r = ix.for %j : !ix.idx<m> {
      %k = ix.index (%i * 1 : !ix.idx<n>) + 1 : !ix.idx<n + 1>
      %v = ix.at %x[%k : !ix.idx<n + 1>] : !ix.tab<[n + 1], f64> -> f64
      %w = ix.at %y[%j : !ix.idx<m>] : !ix.tab<[m], f64> -> f64
      %z = arith.mulf %v, %w : f64
      ix.yield %z : f64
    } -> (add f64)
    ix.yield %r : f64
  } -> (add f64)
  func.return %s : f64
}

// The part of a loop, or of what it carries, that is the same for all i gets a loop of its own; the rest keeps what it
// needs. The table that it starts from is made again.
// CHECK-LABEL: func.func @parts
// CHECK: %[[Z:.*]] = ix.fill
// CHECK-NEXT: %[[P:.*]] = eff.loop %{{.*}} carry (%{{.*}} = %[[Z]] : !ix.tab<[n], f64>) {
// CHECK: eff.yield
// CHECK-NEXT: }
// CHECK-NEXT: %[[S:.*]] = ix.for
// CHECK-NEXT: ix.at %[[P]]
// CHECK-NEXT: ix.yield
// CHECK-NEXT: } -> (add f64)
// CHECK-NEXT: ix.for %i
// CHECK: eff.loop %{{.*}} carry (%{{.*}} : !ix.tab<[n], f64>, %{{.*}} : f64)
func.func @parts(%x : !ix.tab<[n], f64>, %zero : f64) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %t = ix.for %i : !ix.idx<n> {
    %f = ix.fill %zero : f64 -> !ix.tab<[n], f64>
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %p, %q = eff.loop %j : !ix.idx<n> carry (%c = %f : !ix.tab<[n], f64>, %d = %v : f64) {
      %w = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %u = ix.update %c[%j : !ix.idx<n>], %w : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
      %o = ix.at %u[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %e = arith.mulf %d, %o : f64
      eff.yield %u, %e : !ix.tab<[n], f64>, f64
    }
    %s, %r = ix.for %j : !ix.idx<n> {
      %w = ix.at %p[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %m = arith.mulf %w, %v : f64
      ix.yield %w, %m : f64, f64
    } -> (add f64, add f64)
    %a = arith.addf %s, %r : f64
    %b = arith.addf %a, %q : f64
    ix.yield %b : f64
  } -> (tab !ix.tab<[n], f64>)
  func.return %t : !ix.tab<[n], f64>
}

// Under a condition that is the same for all i, functions and divisions that are too.
// CHECK-LABEL: func.func @branches
// CHECK: %[[E:.*]] = scf.if %c -> (f64) {
// CHECK-NEXT: %[[S:.*]] = math.sqrt %a
// CHECK-NEXT: scf.yield %[[S]]
// CHECK: ix.for %i
// CHECK: scf.if %c
// CHECK-NEXT: arith.mulf %{{.*}}, %[[E]]
// CHECK: arith.mulf %{{.*}}, %a
// CHECK: scf.if %{{.*}} -> (f64) {
// CHECK-NEXT: math.exp %a
func.func @branches(%x : !ix.tab<[n], f64>, %a : f64, %c : i1) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %t = ix.for %i : !ix.idx<n> {
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %r = scf.if %c -> (f64) {
      %s = math.sqrt %a : f64
      %m = arith.mulf %v, %s : f64
      scf.yield %m : f64
    } else {
      %m = arith.mulf %v, %a : f64
      scf.yield %m : f64
    }
    %d = arith.cmpf olt, %v, %r : f64
    %q = scf.if %d -> (f64) {
      %s = math.exp %a : f64
      scf.yield %s : f64
    } else {
      scf.yield %r : f64
    }
    ix.yield %q : f64
  } -> (tab !ix.tab<[n], f64>)
  func.return %t : !ix.tab<[n], f64>
}
