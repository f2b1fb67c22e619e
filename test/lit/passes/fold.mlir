// RUN: pydex-opt %s -p fold,dce | filecheck %s

// CHECK-LABEL: func.func @exact
// CHECK-NEXT: %[[N:.*]] = arith.negf %y
// CHECK-NEXT: %[[Q:.*]] = arith.constant 2.500000e-01
// CHECK-NEXT: %[[D:.*]] = arith.mulf %x, %[[Q]]
// CHECK-NEXT: %[[P:.*]] = arith.mulf %x, %x
// CHECK-NEXT: func.return %x, %[[N]], %[[D]], %[[P]], %x
func.func @exact(%x : f64, %y : f64) -> (f64, f64, f64, f64, f64) {
  %one = arith.constant 1.0 : f64
  %mone = arith.constant -1.0 : f64
  %mzero = arith.constant -0.0 : f64
  %two = arith.constant 2.0 : f64
  %four = arith.constant 4.0 : f64
  %true = arith.constant true
  %a = arith.mulf %one, %x : f64
  %b = arith.addf %a, %mzero : f64
  %c = arith.mulf %y, %mone : f64
  %d = arith.divf %x, %four : f64
  %e = math.powf %x, %two : f64
  %f = arith.select %true, %x, %y : f64
  func.return %b, %c, %d, %e, %f : f64, f64, f64, f64, f64
}

// What is not exact stays: -0 + 0 is 0, inf * 0 is NaN.
// CHECK-LABEL: func.func @inexact
// CHECK: arith.addf %x, %zero
// CHECK: arith.mulf %x, %zero
// CHECK: arith.subf %x, %x
func.func @inexact(%x : f64) -> (f64, f64, f64) {
  %zero = arith.constant 0.0 : f64
  %a = arith.addf %x, %zero : f64
  %b = arith.mulf %x, %zero : f64
  %c = arith.subf %x, %x : f64
  func.return %a, %b, %c : f64, f64, f64
}

// CHECK-LABEL: func.func @wraps
// CHECK-NEXT: arith.constant -2 : i32
// CHECK-NEXT: return
func.func @wraps() -> i32 {
  %a = arith.constant 2147483647 : i32
  %b = arith.addi %a, %a : i32
  func.return %b : i32
}

// Index of index is one index; element of a fill, an update, a pack, a row.
// CHECK-LABEL: func.func @tables
// CHECK: %[[K:.*]] = ix.index (%i * 2 : !ix.idx<n>) + 3 : !ix.idx<2*n + 9>
// CHECK-NEXT: %[[A:.*]] = ix.at %x[%[[K]] : !ix.idx<2*n + 9>]
// CHECK-NEXT: %[[B:.*]] = ix.at %y[%i, %i :
// CHECK-NEXT: ix.yield %[[A]], %v, %v, %v, %[[B]]
func.func @tables(%x : !ix.tab<[2*n + 9], f64>, %y : !ix.tab<[n, n], f64>, %v : f64) -> (f64, f64, f64, f64, f64) {
  ix.sizes ["n"]
  %r:5 = ix.for %i : !ix.idx<n> {
    %j = ix.index (%i * 2 : !ix.idx<n>) + 1 : !ix.idx<2*n + 5>
    %k = ix.index (%j * 1 : !ix.idx<2*n + 5>) + 2 : !ix.idx<2*n + 9>
    %l = ix.index (%j * 1 : !ix.idx<2*n + 5>) + 0 : !ix.idx<2*n + 9>
    %u = ix.update %x[%l : !ix.idx<2*n + 9>], %v : !ix.tab<[2*n + 9], f64>, f64 -> !ix.tab<[2*n + 9], f64>
    %a = ix.at %u[%k : !ix.idx<2*n + 9>] : !ix.tab<[2*n + 9], f64> -> f64
    %b = ix.at %u[%l : !ix.idx<2*n + 9>] : !ix.tab<[2*n + 9], f64> -> f64
    %f = ix.fill %v : f64 -> !ix.tab<[n], f64>
    %c = ix.at %f[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %p = ix.pack %a, %v : f64, f64 -> !ix.tab<[2], f64>
    %one = ix.index () + 1 : !ix.idx<2>
    %d = ix.at %p[%one : !ix.idx<2>] : !ix.tab<[2], f64> -> f64
    %row = ix.at %y[%i : !ix.idx<n>] : !ix.tab<[n, n], f64> -> !ix.tab<[n], f64>
    %e = ix.at %row[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    ix.yield %a, %b, %c, %d, %e : f64, f64, f64, f64, f64
  } -> (add f64, add f64, add f64, add f64, add f64)
  func.return %r#0, %r#1, %r#2, %r#3, %r#4 : f64, f64, f64, f64, f64
}

// A branch on a constant, a loop that runs once, a size that is one already.
// CHECK-LABEL: func.func @control
// CHECK-NOT: scf.if
// CHECK-NOT: ix.open
// CHECK: ix.for %{{.*}} : !ix.idx<n>
// CHECK-NOT: ix.for
// CHECK: return
func.func @control(%x : !ix.tab<[n], f64>) -> (f64, f64) {
  ix.sizes ["n"]
  %false = arith.constant false
  %size = ix.size_of <n>
  ix.open %size as "m"
  %s = ix.for %i : !ix.idx<m> {
    %k = ix.index (%i * 1 : !ix.idx<m>) + 0 : !ix.idx<n>
    %v = ix.at %x[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    ix.yield %v : f64
  } -> (add f64)
  %b = scf.if %false -> (f64) {
    %e = math.exp %s : f64
    scf.yield %e : f64
  } else {
    scf.yield %s : f64
  }
  %t = ix.for %i : !ix.idx<1> {
    %e = math.sin %b : f64
    ix.yield %e : f64
  } -> (add f64)
  func.return %b, %t : f64, f64
}

// The name of a loop's index is the loop's.
// CHECK-LABEL: func.func @names
// CHECK: ix.for %i "k" : !ix.idx<n>
// CHECK-NOT: ix.name
// CHECK: return
func.func @names(%x : !ix.tab<[n, #0 + 1], f64>) -> f64 {
  ix.sizes ["n"]
  %s = ix.for %i : !ix.idx<n> {
    %k = ix.name %i as "k" : !ix.idx<n>
    %r = ix.for %j : !ix.idx<k + 1> {
      %v = ix.at %x[%k, %j : !ix.idx<n>, !ix.idx<k + 1>] : !ix.tab<[n, #0 + 1], f64> -> f64
      ix.yield %v : f64
    } -> (add f64)
    ix.yield %r : f64
  } -> (add f64)
  func.return %s : f64
}

// An index is below its size: the check passes.
// CHECK-LABEL: func.func @proved
// CHECK-NOT: eff.check
// CHECK: return
func.func @proved(%x : !ix.tab<[n + 1], f64>) -> f64 {
  ix.sizes ["n"]
  %size = ix.size_of <n + 1>
  %s = ix.for %i : !ix.idx<n> {
    %o = ix.ord %i : !ix.idx<n>
    %ok = arith.cmpi ult, %o, %size : index
    eff.check %ok, "IndexError" "{0}"(%o)
    %k = ix.index (%o * 1 : index) + 0 : !ix.idx<n + 1>
    %v = ix.at %x[%k : !ix.idx<n + 1>] : !ix.tab<[n + 1], f64> -> f64
    ix.yield %v : f64
  } -> (add f64)
  func.return %s : f64
}

// The conversion of our IR saturates and makes 0 of NaN; of a number that is not negative it asks for less.
// CHECK-LABEL: func.func @ordinal
// CHECK: %[[Z:.*]] = arith.constant 0.000000e+00
// CHECK: %[[C:.*]] = arith.cmpf ogt, %x, %[[Z]]
// CHECK: %[[S:.*]] = arith.select %[[C]], %x, %[[Z]]
// CHECK: %[[I:.*]] = arith.fptosi %[[S]] : f32 to i64
// CHECK: %[[R:.*]] = arith.index_cast %[[I]] : i64 to index
// CHECK-NOT: arith.maxsi
// CHECK: func.return %[[R]]
func.func @ordinal(%x : f32) -> index {
  %zero = arith.constant 0 : index
  %i = arith.fptosi %x : f32 to i64
  %k = arith.index_cast %i : i64 to index
  %m = arith.maxsi %k, %zero : index
  func.return %m : index
}

// What is carried and never changes is what it starts as.
// CHECK-LABEL: func.func @fixed
// CHECK: %[[L:.*]] = eff.loop %i : !ix.idx<n> carry (%a = %x : f64) {
// CHECK-NEXT: %[[S:.*]] = arith.mulf %a, %y
// CHECK-NEXT: eff.yield %[[S]] : f64
// CHECK: eff.while (%b = %x : f64) {
// CHECK-NEXT: arith.cmpf olt, %b, %y
// CHECK: func.return %[[L]], %y, %{{.*}}, %y
func.func @fixed(%x : f64, %y : f64) -> (f64, f64, f64, f64) {
  ix.sizes ["n"]
  %l, %k = eff.loop %i : !ix.idx<n> carry (%a = %x : f64, %c = %y : f64) {
    %s = arith.mulf %a, %c : f64
    eff.yield %s, %c : f64, f64
  }
  %w, %v, %trips = eff.while (%b = %x : f64, %d = %y : f64) {
    %less = arith.cmpf olt, %b, %d : f64
    eff.condition %less
  } do {
   ^bb0(%b : f64, %d : f64):
    %t = arith.addf %b, %d : f64
    eff.yield %t, %d : f64, f64
  }
  func.return %l, %k, %w, %v : f64, f64, f64, f64
}
