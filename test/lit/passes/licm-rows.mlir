// RUN: pydex-opt %s -p licm-rows,dce | filecheck %s

// The coefficient of each i is computed once, not for each p.
// CHECK-LABEL: func.func @gathered
// CHECK:         [[T:%.*]] = ix.for [[I:%.*]] : !ix.idx<n> {
// CHECK:           arith.divf
// CHECK-NEXT:      [[C:%.*]] = arith.mulf
// CHECK-NEXT:      ix.yield [[C]] : f64
// CHECK-NEXT:    } -> (tab !ix.tab<[n], f64>)
// CHECK-NEXT:    ix.for %p : !ix.idx<m> {
// CHECK-NEXT:      ix.for %i : !ix.idx<n> {
// CHECK-NEXT:        ix.at %a
// CHECK-NEXT:        [[R:%.*]] = ix.at [[T]][%i : !ix.idx<n>]
// CHECK-NEXT:        arith.mulf [[R]],
// CHECK-NOT:         arith.divf
func.func @gathered(%a: !ix.tab<[n, m], f64>, %d: !ix.tab<[n], f64>) -> !ix.tab<[m], f64> {
  ix.sizes ["n", "m"]
  %one = arith.constant 1.0 : f64
  %r = ix.for %p : !ix.idx<m> {
    %s = ix.for %i : !ix.idx<n> {
      %x = ix.at %a[%i, %p : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
      %y = ix.at %d[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %q = arith.divf %one, %y : f64
      %c = arith.mulf %q, %y : f64
      %e = arith.mulf %c, %x : f64
      ix.yield %e : f64
    } -> (add f64)
    ix.yield %s : f64
  } -> (tab !ix.tab<[m], f64>)
  func.return %r : !ix.tab<[m], f64>
}

// Not worth a table; of a set that depends on p; and of a table that each step makes.
// CHECK-LABEL: func.func @stays
// CHECK:         ix.for %p "p" : !ix.idx<n> {
// CHECK:           ix.for %i : !ix.idx<n> {
// CHECK:           ix.for %j : !ix.idx<p> {
// CHECK:             math.exp
// CHECK:         eff.loop
// CHECK:           ix.for {{%.*}} : !ix.idx<n> {
// CHECK:             math.exp
func.func @stays(%a: !ix.tab<[n], f64>) -> (f64, !ix.tab<[n], f64>) {
  ix.sizes ["n"]
  %r = ix.for %p "p" : !ix.idx<n> {
    %s = ix.for %i : !ix.idx<n> {
      %x = ix.at %a[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %y = ix.at %a[%p : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %q = arith.mulf %x, %x : f64
      %e = arith.mulf %q, %y : f64
      ix.yield %e : f64
    } -> (add f64)
    %t = ix.for %j : !ix.idx<p> {
      %k = ix.index (%j * 1 : !ix.idx<p>) + 0 : !ix.idx<n>
      %x = ix.at %a[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %e = math.exp %x : f64
      ix.yield %e : f64
    } -> (add f64)
    %u = arith.addf %s, %t : f64
    ix.yield %u : f64
  } -> (add f64)
  %v = eff.loop %step : !ix.idx<n> carry (%c = %a : !ix.tab<[n], f64>) {
    %w = ix.for %k : !ix.idx<n> {
      %x = ix.at %c[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %e = math.exp %x : f64
      ix.yield %e : f64
    } -> (tab !ix.tab<[n], f64>)
    eff.yield %w : !ix.tab<[n], f64>
  }
  func.return %r, %v : f64, !ix.tab<[n], f64>
}
