// RUN: pydex-opt %s -p tape-narrow | filecheck %s

// Of the table that step i had, later loops read row i + 1: that row is kept, copied before it is written.
// CHECK-LABEL: func.func @row
// CHECK:         eff.loop %i : !ix.idx<n - 1> carry (%t = %x : !ix.tab<[n, m], f64>) {
// CHECK-NEXT:      [[AT:%[0-9]+]] = ix.index (%i * 1 : !ix.idx<n - 1>) + 1 : !ix.idx<n>
// CHECK-NEXT:      ix.at %t{{.*}} -> !ix.tab<[m], f64>
// CHECK-NEXT:      ix.for
// CHECK:         -> (!ix.tab<[n - 1, m], f64>)
// CHECK:         ix.at %tape[%s, %j : !ix.idx<n - 1>, !ix.idx<m>] : !ix.tab<[n - 1, m], f64> -> f64
func.func @row(%x: !ix.tab<[n, m], f64>, %r: !ix.tab<[m], f64>, %z: f64) -> (!ix.tab<[n, m], f64>, f64) {
  ix.sizes ["n", "m"]
  %last, %tape = eff.loop %i : !ix.idx<n - 1> carry (%t = %x : !ix.tab<[n, m], f64>) {
    %k = ix.index (%i * 1 : !ix.idx<n - 1>) + 0 : !ix.idx<n>
    %u = ix.update %t[%k : !ix.idx<n>], %r : !ix.tab<[n, m], f64>, !ix.tab<[m], f64> -> !ix.tab<[n, m], f64>
    eff.yield %u, %t : !ix.tab<[n, m], f64>, !ix.tab<[n, m], f64>
  } -> (!ix.tab<[n - 1, n, m], f64>)
  %total = eff.loop reverse %s : !ix.idx<n - 1> carry (%sum = %z : f64) {
    %next = ix.index (%s * 1 : !ix.idx<n - 1>) + 1 : !ix.idx<n>
    %part = ix.for %j : !ix.idx<m> {
      %e = ix.at %tape[%s, %next, %j : !ix.idx<n - 1>, !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n - 1, n, m], f64> -> f64
      ix.yield %e : f64
    } -> (add f64)
    %more = arith.addf %sum, %part : f64
    eff.yield %more : f64
  }
  func.return %last, %total : !ix.tab<[n, m], f64>, f64
}

// All of it is read: it is kept.
// CHECK-LABEL: func.func @whole
// CHECK:         -> (!ix.tab<[n, n], f64>)
// CHECK:         ix.at %tape[%s, %j
func.func @whole(%x: !ix.tab<[n], f64>, %z: f64) -> (!ix.tab<[n], f64>, f64) {
  ix.sizes ["n"]
  %last, %tape = eff.loop %i : !ix.idx<n> carry (%t = %x : !ix.tab<[n], f64>) {
    %u = ix.update %t[%i : !ix.idx<n>], %z : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
    eff.yield %u, %t : !ix.tab<[n], f64>, !ix.tab<[n], f64>
  } -> (!ix.tab<[n, n], f64>)
  %total = ix.for %s : !ix.idx<n> {
    %part = ix.for %j : !ix.idx<n> {
      %e = ix.at %tape[%s, %j : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f64> -> f64
      ix.yield %e : f64
    } -> (add f64)
    ix.yield %part : f64
  } -> (add f64)
  func.return %last, %total : !ix.tab<[n], f64>, f64
}
