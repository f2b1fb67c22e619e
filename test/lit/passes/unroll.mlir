// RUN: pydex-opt %s -p unroll,fold,dce | filecheck %s

// CHECK-LABEL: func.func @dot
// CHECK-NOT: ix.for
// CHECK-COUNT-3: arith.mulf
// CHECK-NOT: arith.mulf
// CHECK-COUNT-2: arith.addf
// CHECK-NOT: arith.addf
// CHECK: ix.pack
// CHECK: return
func.func @dot(%x : !ix.tab<[3], f64>, %y : !ix.tab<[3], f64>) -> (f64, !ix.tab<[3], f64>) {
  %s, %t = ix.for %a : !ix.idx<3> {
    %u = ix.at %x[%a : !ix.idx<3>] : !ix.tab<[3], f64> -> f64
    %v = ix.at %y[%a : !ix.idx<3>] : !ix.tab<[3], f64> -> f64
    %w = arith.mulf %u, %v : f64
    ix.yield %w, %w : f64, f64
  } -> (add f64, tab !ix.tab<[3], f64>)
  func.return %s, %t : f64, !ix.tab<[3], f64>
}

// The steps of a sequential loop follow each other, the last index first.
// CHECK-LABEL: func.func @steps
// CHECK: %[[I:.*]] = ix.index () + 1 : !ix.idx<2>
// CHECK-NEXT: ix.at %x[%[[I]]
// CHECK-NEXT: %[[C:.*]] = arith.mulf %y,
// CHECK: %[[D:.*]] = arith.mulf %[[C]],
// CHECK: ix.pack %[[C]], %y
// CHECK: func.return %[[D]]
func.func @steps(%x : !ix.tab<[2], f64>, %y : f64) -> (f64, !ix.tab<[2], f64>) {
  %r, %t = eff.loop reverse %i : !ix.idx<2> carry (%c = %y : f64) {
    %v = ix.at %x[%i : !ix.idx<2>] : !ix.tab<[2], f64> -> f64
    %c1 = arith.mulf %c, %v : f64
    eff.yield %c1, %c : f64, f64
  } -> (!ix.tab<[2], f64>)
  func.return %r, %t : f64, !ix.tab<[2], f64>
}

// Five iterations, an unknown number, a winner's index: these stay.
// CHECK-LABEL: func.func @stay
// CHECK-COUNT-3: ix.for
// CHECK: return
func.func @stay(%x : !ix.tab<[5], f64>, %y : !ix.tab<[n], f64>, %z : !ix.tab<[2], f64>) -> (f64, f64, !ix.idx<2>) {
  ix.sizes ["n"]
  %a = ix.for %i : !ix.idx<5> {
    %v = ix.at %x[%i : !ix.idx<5>] : !ix.tab<[5], f64> -> f64
    ix.yield %v : f64
  } -> (add f64)
  %b = ix.for %i : !ix.idx<n> {
    %v = ix.at %y[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    ix.yield %v : f64
  } -> (add f64)
  %c = ix.for %i : !ix.idx<2> {
    %v = ix.at %z[%i : !ix.idx<2>] : !ix.tab<[2], f64> -> f64
    ix.yield %v : f64
  } -> (argmax !ix.idx<2>)
  func.return %a, %b, %c : f64, f64, !ix.idx<2>
}
