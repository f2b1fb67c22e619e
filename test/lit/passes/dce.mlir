// RUN: pydex-opt %s -p dce | filecheck %s

// Results that nobody reads leave the loop, with what fed them; so does a carried value that only feeds itself.
// CHECK-NOT: @unused
// CHECK-LABEL: func.func @results
// CHECK-NEXT: ix.sizes
// CHECK-NEXT: arith.constant
// CHECK-NEXT: %{{.*}} = ix.for %i
// CHECK-NEXT: ix.at
// CHECK-NEXT: ix.yield %v : f64
// CHECK-NEXT: } -> (add f64)
// CHECK-NEXT: %{{.*}} = eff.loop %{{.*}} carry (%c = %one : f64) {
// CHECK-NEXT: arith.addf
// CHECK-NEXT: eff.yield %{{.*}} : f64
// CHECK-NEXT: }
// CHECK-NEXT: return
func.func private @unused(%x : f64) -> f64 {
  func.return %x : f64
}
func.func @results(%x : !ix.tab<[n], f64>) -> (f64, f64) {
  ix.sizes ["n"]
  %one = arith.constant 1.0 : f64
  %s, %t = ix.for %i : !ix.idx<n> {
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %e = math.exp %v : f64
    ix.yield %v, %e : f64, f64
  } -> (add f64, tab !ix.tab<[n], f64>)
  %p, %q, %tape = eff.loop %i : !ix.idx<n> carry (%c = %one : f64, %d = %one : f64) {
    %c1 = arith.addf %c, %one : f64
    %d1 = arith.mulf %d, %c : f64
    eff.yield %c1, %d1, %d : f64, f64, f64
  } -> (!ix.tab<[n], f64>)
  func.return %s, %p : f64, f64
}

// An accumulator that nobody reads; a result of a branch; values behind the condition of a while stay.
// CHECK-LABEL: func.func @effects
// CHECK: eff.accum add (%b = %one : f64) {
// CHECK-NEXT: ix.for
// CHECK-NEXT: ix.at
// CHECK-NEXT: eff.add %b[]
// CHECK-NEXT: ix.yield
// CHECK: scf.if %c -> (f64) {
// CHECK-NOT: math.sin
// CHECK: eff.while (%u = %one : f64)
// CHECK: arith.addf
// CHECK-NEXT: eff.yield
func.func @effects(%x : !ix.tab<[n], f64>, %c : i1) -> (f64, f64, index) {
  ix.sizes ["n"]
  %one = arith.constant 1.0 : f64
  %z = ix.fill %one : f64 -> !ix.tab<[n], f64>
  %g, %h = eff.accum add, add (%a = %z : !ix.tab<[n], f64>, %b = %one : f64) {
    ix.for %i : !ix.idx<n> {
      %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      eff.add %a[%i : !ix.idx<n>], %v : !eff.acc<add, !ix.tab<[n], f64>>, f64
      eff.add %b[], %v : !eff.acc<add, f64>, f64
      ix.yield
    }
    eff.yield
  }
  %r, %s = scf.if %c -> (f64, f64) {
    %e = math.sin %h : f64
    scf.yield %h, %e : f64, f64
  } else {
    scf.yield %one, %one : f64, f64
  }
  %m, %w, %trips = eff.while (%u = %one : f64, %t = %one : f64) {
    %go = arith.cmpf olt, %u, %h : f64
    eff.condition %go
  } do {
  ^bb0(%u : f64, %t : f64):
    %u1 = arith.addf %u, %u : f64
    %t1 = arith.mulf %t, %u : f64
    eff.yield %u1, %t1 : f64, f64
  }
  func.return %h, %r, %trips : f64, f64, index
}

// What may raise stays, and so does the loop around it.
// CHECK-LABEL: func.func @checks
// CHECK: ix.for %{{.*}} {
// CHECK-NEXT: ix.at
// CHECK-NEXT: eff.check
// CHECK-NEXT: ix.yield
// CHECK-NEXT: }
func.func @checks(%ok : !ix.tab<[n], i1>) -> f64 {
  ix.sizes ["n"]
  %one = arith.constant 1.0 : f64
  %s = ix.for %i : !ix.idx<n> {
    %v = ix.at %ok[%i : !ix.idx<n>] : !ix.tab<[n], i1> -> i1
    eff.check %v, "ValueError" "no"
    ix.yield %one : f64
  } -> (add f64)
  func.return %one : f64
}

// The definition of a size that a live type mentions stays.
// CHECK-LABEL: func.func @sizes
// CHECK: ix.open %{{.*}} as "k"
// CHECK-NOT: ix.open
func.func @sizes(%k : index, %x : f64) -> f64 {
  ix.open %k as "k"
  ix.open %k as "l"
  %s = ix.for %i : !ix.idx<k> {
    ix.yield %x : f64
  } -> (add f64)
  func.return %s : f64
}

// Iterations read the table that they own, but nobody reads what they leave: the loop hands on what it was given.
// CHECK-LABEL: func.func @own_read_inside
// CHECK:         {{%.*}}, [[S:%.*]] = ix.for %i : !ix.idx<n> own (%t = %x : !ix.tab<[n], f64>) {
// CHECK-NEXT:      %a = ix.at %t
// CHECK-NEXT:      ix.yield %t, %a
func.func @own_read_inside(%x: !ix.tab<[n], f64>) -> f64 {
  ix.sizes ["n"]
  %new, %total = ix.for %i : !ix.idx<n> own (%t = %x : !ix.tab<[n], f64>) {
    %a = ix.at %t[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %b = math.sin %a : f64
    %u = ix.update %t[%i : !ix.idx<n>], %b : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
    ix.yield %u, %a : !ix.tab<[n], f64>, f64
  } -> (own !ix.tab<[n], f64>, add f64)
  func.return %total : f64
}

// What is read of it after an update: that version, so that the update can be made in place.
// CHECK-LABEL: func.func @own_read_after_update
// CHECK:           %u = ix.update %t
// CHECK-NOT:       ix.update
// CHECK:           ix.yield %u, %a
func.func @own_read_after_update(%x: !ix.tab<[n, n], f64>, %y: f64, %k: !ix.idx<n>) -> f64 {
  ix.sizes ["n"]
  %new, %total = ix.for %i : !ix.idx<n> own (%t = %x : !ix.tab<[n, n], f64>) {
    %u = ix.update %t[%i, %k : !ix.idx<n>, !ix.idx<n>], %y : !ix.tab<[n, n], f64>, f64 -> !ix.tab<[n, n], f64>
    %a = ix.at %u[%i, %i : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f64> -> f64
    %v = ix.update %u[%i, %i : !ix.idx<n>, !ix.idx<n>], %y : !ix.tab<[n, n], f64>, f64 -> !ix.tab<[n, n], f64>
    ix.yield %v, %a : !ix.tab<[n, n], f64>, f64
  } -> (own !ix.tab<[n, n], f64>, add f64)
  func.return %total : f64
}

// A loop inside that needs its part of the table goes on owning it, and so the table is not copied for it.
// CHECK-LABEL: func.func @own_in_own
// CHECK:           [[V:%.*]], [[S:%.*]] = ix.for %j : !ix.idx<n> own (%v = %t : !ix.tab<[n, n], f64>) {
// CHECK:           ix.yield [[V]], [[S]] : !ix.tab<[n, n], f64>, f64
func.func @own_in_own(%x: !ix.tab<[n, n], f64>, %y: f64) -> f64 {
  ix.sizes ["n"]
  %new, %total = ix.for %i : !ix.idx<n> own (%t = %x : !ix.tab<[n, n], f64>) {
    %u, %s = ix.for %j : !ix.idx<n> own (%v = %t : !ix.tab<[n, n], f64>) {
      %a = ix.at %v[%i, %j : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f64> -> f64
      %w = ix.update %v[%i, %j : !ix.idx<n>, !ix.idx<n>], %y : !ix.tab<[n, n], f64>, f64 -> !ix.tab<[n, n], f64>
      ix.yield %w, %a : !ix.tab<[n, n], f64>, f64
    } -> (own !ix.tab<[n, n], f64>, add f64)
    %b = ix.update %u[%i, %i : !ix.idx<n>, !ix.idx<n>], %y : !ix.tab<[n, n], f64>, f64 -> !ix.tab<[n, n], f64>
    ix.yield %b, %s : !ix.tab<[n, n], f64>, f64
  } -> (own !ix.tab<[n, n], f64>, add f64)
  func.return %total : f64
}
