// RUN: pydex-opt %s -p ix-sink | filecheck %s

// The exponential does not depend on d: it is computed once for each j, and the loop over d goes inside. What comes
// before stays in a loop over d of its own; the loops over v and j, and that which reads the result, become one.
// CHECK-LABEL: func.func @directions
// CHECK: %[[T:.*]] = ix.for %{{.*}} : !ix.idx<3> {
// CHECK: } -> (tab !ix.tab<[3, 2], f64>)
// CHECK: ix.for %j : !ix.idx<n> {
// CHECK-NEXT: %[[A:.*]] = ix.at %x[%j :
// CHECK-NEXT: %[[E:.*]] = math.exp %[[A]]
// CHECK-NEXT: ix.for %[[D:.*]] : !ix.idx<3> {
// CHECK-NEXT: ix.at %y[%[[D]] :
// CHECK-NEXT: %[[B:.*]] = ix.at %[[T]][%[[D]],
// CHECK-NEXT: arith.mulf %[[E]], %[[B]]
// CHECK-NOT: ix.for
// CHECK: } -> (tab !ix.tab<[n, 3], f64>)
// CHECK-NEXT: func.return
func.func @directions(%x : !ix.tab<[n], f64>, %y : !ix.tab<[3], f64>) -> !ix.tab<[n, 3], f64> {
  ix.sizes ["n"]
  %r = ix.for %d : !ix.idx<3> {
    %s = ix.at %y[%d : !ix.idx<3>] : !ix.tab<[3], f64> -> f64
    %t = ix.for %k : !ix.idx<2> {
      %q = arith.mulf %s, %s : f64
      ix.yield %q : f64
    } -> (tab !ix.tab<[2], f64>)
    %zero = ix.index () + 0 : !ix.idx<2>
    %u = ix.for %v : !ix.idx<n> {
      %a = ix.at %x[%v : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %e = math.exp %a : f64
      %b = ix.at %t[%zero : !ix.idx<2>] : !ix.tab<[2], f64> -> f64
      %m = arith.mulf %e, %b : f64
      %p = arith.addf %m, %s : f64
      ix.yield %p : f64
    } -> (tab !ix.tab<[n], f64>)
    %w = ix.for %j : !ix.idx<n> {
      %a = ix.at %u[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %m = arith.mulf %a, %s : f64
      ix.yield %m : f64
    } -> (tab !ix.tab<[n], f64>)
    ix.yield %w : !ix.tab<[n], f64>
  } -> (tab !ix.tab<[3, n], f64>)
  %o = ix.for %j : !ix.idx<n> {
    %row = ix.for %d : !ix.idx<3> {
      %v = ix.at %r[%d, %j : !ix.idx<3>, !ix.idx<n>] : !ix.tab<[3, n], f64> -> f64
      ix.yield %v : f64
    } -> (tab !ix.tab<[3], f64>)
    ix.yield %row : !ix.tab<[3], f64>
  } -> (tab !ix.tab<[n, 3], f64>)
  func.return %o : !ix.tab<[n, 3], f64>
}

// Of a row of numbers, of which every reader takes single ones, d is the last axis: walking over d walks through memory.
// CHECK-LABEL: func.func @rows
// CHECK: %[[U:.*]] = ix.for %{{.*}} : !ix.idx<n> {
// CHECK: %[[A:.*]], %[[B:.*]] = ix.for %{{.*}} : !ix.idx<5> {
// CHECK: } -> (tab !ix.tab<[5], f64>, tab !ix.tab<[5], f64>)
// CHECK-NEXT: %[[P:.*]] = ix.pack %[[A]], %[[B]]
// CHECK-NEXT: ix.yield %[[P]]
// CHECK: } -> (tab !ix.tab<[n, 2, 5], f64>)
// CHECK: ix.at %[[U]][%{{.*}}, %{{.*}}, %{{.*}} : !ix.idx<n>, !ix.idx<2>, !ix.idx<5>]
func.func @rows(%x : !ix.tab<[n], f64>, %y : !ix.tab<[5], f64>, %k : !ix.idx<n>) -> !ix.tab<[n, 5], f64> {
  ix.sizes ["n"]
  %first = ix.index () + 0 : !ix.idx<2>
  %r = ix.for %d : !ix.idx<5> {
    %s = ix.at %y[%d : !ix.idx<5>] : !ix.tab<[5], f64> -> f64
    %u = ix.for %v : !ix.idx<n> {
      %a = ix.at %x[%v : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %e = math.exp %a : f64
      %m = arith.mulf %e, %s : f64
      %q = arith.addf %e, %s : f64
      %p = ix.pack %m, %q : f64, f64 -> !ix.tab<[2], f64>
      ix.yield %p : !ix.tab<[2], f64>
    } -> (tab !ix.tab<[n, 2], f64>)
    %w = ix.for %j : !ix.idx<n> {
      %a = ix.at %u[%k, %first : !ix.idx<n>, !ix.idx<2>] : !ix.tab<[n, 2], f64> -> f64
      %b = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %m = arith.mulf %a, %b : f64
      ix.yield %m : f64
    } -> (tab !ix.tab<[n], f64>)
    ix.yield %w : !ix.tab<[n], f64>
  } -> (tab !ix.tab<[5, n], f64>)
  %o = ix.for %j : !ix.idx<n> {
    %row = ix.for %d : !ix.idx<5> {
      %v = ix.at %r[%d, %j : !ix.idx<5>, !ix.idx<n>] : !ix.tab<[5, n], f64> -> f64
      ix.yield %v : f64
    } -> (tab !ix.tab<[5], f64>)
    ix.yield %row : !ix.tab<[5], f64>
  } -> (tab !ix.tab<[n, 5], f64>)
  func.return %o : !ix.tab<[n, 5], f64>
}
