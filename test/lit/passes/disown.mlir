// RUN: pydex-opt %s -p disown,dce | filecheck %s

// Nobody reads the new version: the loop reads the old one where it is.
// CHECK-LABEL: func.func @read
// CHECK:         %total = ix.for %i : !ix.idx<n> {
// CHECK-NEXT:      %a = ix.at %x
// CHECK-NOT:       ix.update
// CHECK:         -> (add f64)
func.func @read(%x: !ix.tab<[n], f64>) -> f64 {
  ix.sizes ["n"]
  %new, %total = ix.for %i : !ix.idx<n> own (%t = %x : !ix.tab<[n], f64>) {
    %a = ix.at %t[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %b = math.sin %a : f64
    %u = ix.update %t[%i : !ix.idx<n>], %b : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
    ix.yield %u, %a : !ix.tab<[n], f64>, f64
  } -> (own !ix.tab<[n], f64>, add f64)
  func.return %total : f64
}

// The body reads what it has written: updated elsewhere than in place, it would be copied in every iteration.
// CHECK-LABEL: func.func @read_again
// CHECK:         own (%t = %x : !ix.tab<[n, m], f64>)
func.func @read_again(%x: !ix.tab<[n, m], f64>, %j: !ix.idx<m>) -> f64 {
  ix.sizes ["n", "m"]
  %new, %total = ix.for %i : !ix.idx<n> own (%t = %x : !ix.tab<[n, m], f64>) {
    %u = eff.loop %k : !ix.idx<m> carry (%v = %t : !ix.tab<[n, m], f64>) {
      %a = ix.at %v[%i, %k : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
      %b = math.sin %a : f64
      %w = ix.update %v[%i, %j : !ix.idx<n>, !ix.idx<m>], %b : !ix.tab<[n, m], f64>, f64 -> !ix.tab<[n, m], f64>
      eff.yield %w : !ix.tab<[n, m], f64>
    }
    %c = ix.at %u[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
    ix.yield %u, %c : !ix.tab<[n, m], f64>, f64
  } -> (own !ix.tab<[n, m], f64>, add f64)
  func.return %total : f64
}

// CHECK-LABEL: func.func @wanted
// CHECK:         own (%t = %x : !ix.tab<[n], f64>)
func.func @wanted(%x: !ix.tab<[n], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %new = ix.for %i : !ix.idx<n> own (%t = %x : !ix.tab<[n], f64>) {
    %a = ix.at %t[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %b = math.sin %a : f64
    %u = ix.update %t[%i : !ix.idx<n>], %b : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
    ix.yield %u : !ix.tab<[n], f64>
  } -> (own !ix.tab<[n], f64>)
  func.return %new : !ix.tab<[n], f64>
}

// The new version is made by a loop inside, which then need not own the table either.
// CHECK-LABEL: func.func @rows
// CHECK:         ix.for %i : !ix.idx<n> {
// CHECK-NEXT:      ix.for %j : !ix.idx<m> {
// CHECK-NEXT:        ix.at %x[%i, %j
// CHECK-NOT:       ix.update
func.func @rows(%x: !ix.tab<[n, m], f64>) -> f64 {
  ix.sizes ["n", "m"]
  %new, %total = ix.for %i : !ix.idx<n> own (%t = %x : !ix.tab<[n, m], f64>) {
    %row, %sum = ix.for %j : !ix.idx<m> own (%s = %t : !ix.tab<[n, m], f64>) {
      %a = ix.at %s[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
      %b = math.sin %a : f64
      %u = ix.update %s[%i, %j : !ix.idx<n>, !ix.idx<m>], %b : !ix.tab<[n, m], f64>, f64 -> !ix.tab<[n, m], f64>
      ix.yield %u, %a : !ix.tab<[n, m], f64>, f64
    } -> (own !ix.tab<[n, m], f64>, add f64)
    ix.yield %row, %sum : !ix.tab<[n, m], f64>, f64
  } -> (own !ix.tab<[n, m], f64>, add f64)
  func.return %total : f64
}

// What the loop inside has made is read: it stays.
// CHECK-LABEL: func.func @rows_read
// CHECK:         own (%t = %x : !ix.tab<[n, m], f64>)
func.func @rows_read(%x: !ix.tab<[n, m], f64>, %k: !ix.idx<m>) -> f64 {
  ix.sizes ["n", "m"]
  %new, %total = ix.for %i : !ix.idx<n> own (%t = %x : !ix.tab<[n, m], f64>) {
    %row = ix.for %j : !ix.idx<m> own (%s = %t : !ix.tab<[n, m], f64>) {
      %a = ix.at %s[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
      %b = math.sin %a : f64
      %u = ix.update %s[%i, %j : !ix.idx<n>, !ix.idx<m>], %b : !ix.tab<[n, m], f64>, f64 -> !ix.tab<[n, m], f64>
      ix.yield %u : !ix.tab<[n, m], f64>
    } -> (own !ix.tab<[n, m], f64>)
    %c = ix.at %row[%i, %k : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
    ix.yield %row, %c : !ix.tab<[n, m], f64>, f64
  } -> (own !ix.tab<[n, m], f64>, add f64)
  func.return %total : f64
}
