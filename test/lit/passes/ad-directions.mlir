// RUN: pydex-opt %s -p ad-directions | filecheck %s

// Four numbers come in, of which three reach both results through %p alone: the coefficients of %p and of %c are made once.
// CHECK-LABEL: func.func @shared
// CHECK:         ix.for %v : !ix.idx<n> {
// CHECK:           %[[A:.*]] = ix.at %x[%v, %c0
// CHECK:           %[[K:.*]] = arith.mulf
// CHECK:           ix.for %{{.*}} : !ix.idx<8> {
// CHECK-COUNT-3:     arith.mulf
// CHECK:             %[[P:.*]] = arith.addf %{{.*}}, %{{.*}}
// CHECK-COUNT-4:     arith.mulf
// CHECK-NOT:         arith.mulf
// CHECK-NOT:         arith.divf
// CHECK:           } -> (tab !ix.tab<[8], f64>, tab !ix.tab<[8], f64>)
func.func @shared(%x : !ix.tab<[n, 3], f64>) -> (!ix.tab<[n, 8], f64>, !ix.tab<[n, 8], f64>) {
  ix.sizes ["n"]
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %c0 = ix.index () + 0 : !ix.idx<3>
  %c1 = ix.index () + 1 : !ix.idx<3>
  %c2 = ix.index () + 2 : !ix.idx<3>
  %i0 = ix.index () + 0 : !ix.idx<8>
  %i1 = ix.index () + 1 : !ix.idx<8>
  %i2 = ix.index () + 2 : !ix.idx<8>
  %i3 = ix.index () + 3 : !ix.idx<8>
  %t = ix.for %d : !ix.idx<8> {
    %none = ix.fill %zero : f64 -> !ix.tab<[8], f64>
    %seed = ix.update %none[%d : !ix.idx<8>], %one {seed} : !ix.tab<[8], f64>, f64 -> !ix.tab<[8], f64>
    ix.yield %seed : !ix.tab<[8], f64>
  } -> (tab !ix.tab<[8, 8], f64>)
  %r:2 = ix.for %v : !ix.idx<n> {
    %a = ix.at %x[%v, %c0 : !ix.idx<n>, !ix.idx<3>] : !ix.tab<[n, 3], f64> -> f64
    %b = ix.at %x[%v, %c1 : !ix.idx<n>, !ix.idx<3>] : !ix.tab<[n, 3], f64> -> f64
    %c = ix.at %x[%v, %c2 : !ix.idx<n>, !ix.idx<3>] : !ix.tab<[n, 3], f64> -> f64
    %q:2 = ix.for %d : !ix.idx<8> {
      %t0 = ix.at %t[%d, %i0 : !ix.idx<8>, !ix.idx<8>] : !ix.tab<[8, 8], f64> -> f64
      %t1 = ix.at %t[%d, %i1 : !ix.idx<8>, !ix.idx<8>] : !ix.tab<[8, 8], f64> -> f64
      %t2 = ix.at %t[%d, %i2 : !ix.idx<8>, !ix.idx<8>] : !ix.tab<[8, 8], f64> -> f64
      %t3 = ix.at %t[%d, %i3 : !ix.idx<8>, !ix.idx<8>] : !ix.tab<[8, 8], f64> -> f64
      %p0 = arith.mulf %a, %t0 : f64
      %p1 = arith.mulf %b, %t1 : f64
      %p2 = arith.mulf %c, %t2 : f64
      %p3 = arith.addf %p0, %p1 : f64
      %p = arith.addf %p3, %p2 : f64
      %y0 = arith.mulf %p, %a : f64
      %y1 = arith.divf %y0, %b : f64
      %y2 = arith.mulf %t3, %c : f64
      %y3 = arith.mulf %y2, %b : f64
      %y4 = arith.subf %y1, %y3 : f64
      %z0 = arith.mulf %p, %c : f64
      %z1 = arith.mulf %z0, %b : f64
      %z2 = arith.addf %z1, %y4 : f64
      %z3 = arith.mulf %z2, %a : f64
      %z4 = arith.divf %z3, %c : f64
      ix.yield %y4, %z4 : f64, f64
    } -> (tab !ix.tab<[8], f64>, tab !ix.tab<[8], f64>)
    ix.yield %q#0, %q#1 : !ix.tab<[8], f64>, !ix.tab<[8], f64>
  } -> (tab !ix.tab<[n, 8], f64>, tab !ix.tab<[n, 8], f64>)
  func.return %r#0, %r#1 : !ix.tab<[n, 8], f64>, !ix.tab<[n, 8], f64>
}

// One product for a number that comes in is what there is already; a square is no linear function.
// CHECK-LABEL: func.func @kept
// CHECK:         {seed}
// CHECK:         ix.for %{{.*}} : !ix.idx<8> {
// CHECK-NEXT:      ix.at
// CHECK-NEXT:      arith.mulf
// CHECK-NEXT:      arith.mulf
// CHECK-NEXT:      arith.mulf
// CHECK-NEXT:      arith.divf
// CHECK-NEXT:      ix.yield
func.func @kept(%x : f64) -> !ix.tab<[8], f64> {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %i0 = ix.index () + 0 : !ix.idx<8>
  %t = ix.for %d : !ix.idx<8> {
    %none = ix.fill %zero : f64 -> !ix.tab<[8], f64>
    %seed = ix.update %none[%d : !ix.idx<8>], %one {seed} : !ix.tab<[8], f64>, f64 -> !ix.tab<[8], f64>
    ix.yield %seed : !ix.tab<[8], f64>
  } -> (tab !ix.tab<[8, 8], f64>)
  %r = ix.for %d : !ix.idx<8> {
    %t0 = ix.at %t[%d, %i0 : !ix.idx<8>, !ix.idx<8>] : !ix.tab<[8, 8], f64> -> f64
    %p = arith.mulf %t0, %x : f64
    %q = arith.mulf %p, %p : f64
    %s = arith.mulf %q, %x : f64
    %u = arith.divf %s, %x : f64
    ix.yield %u : f64
  } -> (tab !ix.tab<[8], f64>)
  func.return %r : !ix.tab<[8], f64>
}
