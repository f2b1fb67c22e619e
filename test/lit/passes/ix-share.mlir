// RUN: pydex-opt %s -p ix-share | filecheck %s

// The second loop needs the sum of the first, and its terms: the first keeps them, for one row.
// CHECK-LABEL: func.func @softmax
// CHECK:         ix.for %i : !ix.idx<n> {
// CHECK:           [[S:%.*]], [[T:%.*]] = ix.for %j : !ix.idx<m> {
// CHECK:             [[E:%.*]] = math.exp
// CHECK-NEXT:        ix.yield [[E]], [[E]] : f64, f64
// CHECK-NEXT:      } -> (add f64, tab !ix.tab<[m], f64>)
// CHECK:           ix.for %k : !ix.idx<m> {
// CHECK-NEXT:        ix.at %x
// CHECK-NEXT:        [[R:%.*]] = ix.at [[T]][%k : !ix.idx<m>] : !ix.tab<[m], f64> -> f64
// CHECK-NEXT:        arith.divf [[R]], [[S]] : f64
func.func @softmax(%x: !ix.tab<[n, m], f64>) -> !ix.tab<[n, m], f64> {
  ix.sizes ["n", "m"]
  %r = ix.for %i : !ix.idx<n> {
    %s = ix.for %j : !ix.idx<m> {
      %a = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
      %e = math.exp %a : f64
      ix.yield %e : f64
    } -> (add f64)
    %t = ix.for %k : !ix.idx<m> {
      %a = ix.at %x[%i, %k : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
      %e = math.exp %a : f64
      %q = arith.divf %e, %s : f64
      ix.yield %q : f64
    } -> (tab !ix.tab<[m], f64>)
    ix.yield %t : !ix.tab<[m], f64>
  } -> (tab !ix.tab<[n, m], f64>)
  func.return %r : !ix.tab<[n, m], f64>
}

// Roots are cheap, another argument is another number, and outside of all loops a table would be as long as the data.
// CHECK-LABEL: func.func @nothing
// CHECK:         ix.for %i : !ix.idx<n> {
// CHECK:         } -> (add f64)
// CHECK:         } -> (add f64, add f64)
// CHECK:       } -> (tab !ix.tab<[n], f64>)
// CHECK:       } -> (add f64)
// CHECK:       } -> (add f64)
func.func @nothing(%x: !ix.tab<[n, m], f64>, %y: !ix.tab<[m], f64>) -> (!ix.tab<[n], f64>, f64, f64) {
  ix.sizes ["n", "m"]
  %r = ix.for %i : !ix.idx<n> {
    %s = ix.for %j : !ix.idx<m> {
      %a = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
      %e = math.exp %a : f64
      %q = math.sqrt %a : f64
      %t = arith.addf %e, %q : f64
      ix.yield %t : f64
    } -> (add f64)
    %u, %v = ix.for %k : !ix.idx<m> {
      %a = ix.at %x[%i, %k : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
      %q = math.sqrt %a : f64
      %b = arith.mulf %a, %s : f64
      %e = math.exp %b : f64
      ix.yield %e, %q : f64, f64
    } -> (add f64, add f64)
    %w = arith.addf %u, %v : f64
    ix.yield %w : f64
  } -> (tab !ix.tab<[n], f64>)
  %s = ix.for %j : !ix.idx<m> {
    %a = ix.at %y[%j : !ix.idx<m>] : !ix.tab<[m], f64> -> f64
    %e = math.exp %a : f64
    ix.yield %e : f64
  } -> (add f64)
  %t = ix.for %k : !ix.idx<m> {
    %a = ix.at %y[%k : !ix.idx<m>] : !ix.tab<[m], f64> -> f64
    %e = math.exp %a : f64
    %q = arith.divf %e, %s : f64
    ix.yield %q : f64
  } -> (add f64)
  func.return %r, %s, %t : !ix.tab<[n], f64>, f64, f64
}
