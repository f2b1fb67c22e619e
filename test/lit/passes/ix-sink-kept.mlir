// RUN: pydex-opt %s -p ix-sink | filecheck %s

// A result that leaves as it is keeps its axes; nothing to share is no reason; neither is a loop that may be long.
// CHECK-LABEL: func.func @kept
// CHECK: ix.for %{{.*}} : !ix.idx<3> {
// CHECK-NEXT: ix.for %{{.*}} : !ix.idx<n> {
// CHECK: ix.for %{{.*}} : !ix.idx<3> {
// CHECK-NEXT: ix.for %{{.*}} : !ix.idx<n> {
// CHECK: ix.for %{{.*}} : !ix.idx<m> {
// CHECK-NEXT: ix.for %{{.*}} : !ix.idx<n> {
func.func @kept(%x : !ix.tab<[n], f64>, %y : !ix.tab<[3], f64>, %z : !ix.tab<[m], f64>, %i : !ix.idx<n>, %c : !ix.idx<3>, %b : !ix.idx<m>) -> (!ix.tab<[3, n], f64>, f64, f64) {
  ix.sizes ["n", "m"]
  %leaves = ix.for %d : !ix.idx<3> {
    %u = ix.for %v : !ix.idx<n> {
      %a = ix.at %x[%v : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %e = math.exp %a : f64
      %s = ix.at %y[%d : !ix.idx<3>] : !ix.tab<[3], f64> -> f64
      %m = arith.mulf %e, %s : f64
      ix.yield %m : f64
    } -> (tab !ix.tab<[n], f64>)
    ix.yield %u : !ix.tab<[n], f64>
  } -> (tab !ix.tab<[3, n], f64>)
  %cheap = ix.for %d : !ix.idx<3> {
    %u = ix.for %v : !ix.idx<n> {
      %a = ix.at %x[%v : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %s = ix.at %y[%d : !ix.idx<3>] : !ix.tab<[3], f64> -> f64
      %m = arith.mulf %a, %s : f64
      ix.yield %m : f64
    } -> (tab !ix.tab<[n], f64>)
    ix.yield %u : !ix.tab<[n], f64>
  } -> (tab !ix.tab<[3, n], f64>)
  %long = ix.for %d : !ix.idx<m> {
    %u = ix.for %v : !ix.idx<n> {
      %a = ix.at %x[%v : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %e = math.exp %a : f64
      %s = ix.at %z[%d : !ix.idx<m>] : !ix.tab<[m], f64> -> f64
      %m = arith.mulf %e, %s : f64
      ix.yield %m : f64
    } -> (tab !ix.tab<[n], f64>)
    ix.yield %u : !ix.tab<[n], f64>
  } -> (tab !ix.tab<[m, n], f64>)
  %p = ix.at %cheap[%c, %i : !ix.idx<3>, !ix.idx<n>] : !ix.tab<[3, n], f64> -> f64
  %q = ix.at %long[%b, %i : !ix.idx<m>, !ix.idx<n>] : !ix.tab<[m, n], f64> -> f64
  func.return %leaves, %p, %q : !ix.tab<[3, n], f64>, f64, f64
}
