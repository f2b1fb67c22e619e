// RUN: pydex-opt %s -p merge-sums,simplify | filecheck %s

// What both sums have is taken out, and y - x is x - y with the other sign.
// CHECK-LABEL: func.func @shared
// CHECK:         [[R:%.*]] = ix.for %i : !ix.idx<n> {
// CHECK-NEXT:      %a = ix.at
// CHECK-NEXT:      %b = math.exp
// CHECK-NEXT:      [[D:%.*]] = arith.subf %a, %b : f64
// CHECK-NEXT:      [[S:%.*]] = arith.subf %u, %v : f64
// CHECK-NEXT:      [[P:%.*]] = arith.mulf [[D]], [[S]] : f64
// CHECK-NEXT:      ix.yield [[P]] : f64
// CHECK-NEXT:    } -> (add f64)
// CHECK-NEXT:    func.return [[R]] : f64
func.func @shared(%x: !ix.tab<[n], f64>, %u: f64, %v: f64) -> f64 {
  ix.sizes ["n"]
  %s, %t = ix.for %i : !ix.idx<n> {
    %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %b = math.exp %a : f64
    %d = arith.subf %a, %b : f64
    %e = arith.subf %b, %a : f64
    %p = arith.mulf %d, %u : f64
    %q = arith.mulf %e, %v : f64
    ix.yield %p, %q : f64, f64
  } -> (add f64, add f64)
  %r = arith.addf %s, %t {linear} : f64
  func.return %r : f64
}

// Not where the source adds, nor where the sums are used for something else, nor where nothing is saved.
// CHECK-LABEL: func.func @kept
// CHECK:         -> (add f64, add f64)
// CHECK:         -> (add f64, add f64)
// CHECK:         -> (add f64, add f64)
func.func @kept(%x: !ix.tab<[n], f64>, %u: f64, %v: f64) -> (f64, f64, f64, f64) {
  ix.sizes ["n"]
  %s, %t = ix.for %i : !ix.idx<n> {
    %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %p = arith.mulf %a, %u : f64
    %q = arith.mulf %a, %v : f64
    ix.yield %p, %q : f64, f64
  } -> (add f64, add f64)
  %r = arith.addf %s, %t : f64
  %s1, %t1 = ix.for %i : !ix.idx<n> {
    %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %p = arith.mulf %a, %a : f64
    %q = arith.mulf %a, %v : f64
    ix.yield %p, %q : f64, f64
  } -> (add f64, add f64)
  %r1 = arith.addf %s1, %t1 {linear} : f64
  %s2, %t2 = ix.for %i : !ix.idx<n> {
    %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %p = arith.mulf %a, %a : f64
    %q = math.exp %u : f64
    ix.yield %p, %q : f64, f64
  } -> (add f64, add f64)
  %r2 = arith.addf %s2, %t2 {linear} : f64
  func.return %r, %r1, %r2, %t1 : f64, f64, f64, f64
}

// Powers of one base: what the largest of them multiplies. One linear function of two vectors is one of their sum.
// CHECK-LABEL: func.func @powers
// CHECK:           [[P:%.*]] = math.powf %a, [[H:%.*]] : f64
// CHECK:           [[I:%.*]] = math.powf %a, [[M:%.*]] {linear} : f64
// CHECK-NOT:       math.powf
// CHECK:         } -> (add f64)
func.func @powers(%x: !ix.tab<[n], f64>, %u: f64, %v: f64) -> f64 {
  ix.sizes ["n"]
  %h = arith.constant -1.5 : f64
  %k = arith.constant -2.5 : f64
  %s, %t = ix.for %i : !ix.idx<n> {
    %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %p = math.powf %a, %h : f64
    %q = math.powf %a, %k : f64
    %b = arith.mulf %p, %u : f64
    %c = arith.mulf %q, %a : f64
    %d = arith.addf %b, %c : f64
    %e = arith.mulf %p, %v : f64
    %f = arith.mulf %q, %a : f64
    %g = arith.addf %e, %f : f64
    ix.yield %d, %g : f64, f64
  } -> (add f64, add f64)
  %r = arith.addf %s, %t {linear} : f64
  func.return %r : f64
}
