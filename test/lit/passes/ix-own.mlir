// RUN: pydex-opt %s -p ix-own | filecheck %s

// The last use of a table that is made here: in place. A parameter, or a table that is needed again: a copy. A read of
// the old version goes before the update.
// CHECK-LABEL: func.func @updates
// CHECK:         %a = ix.update %x{{.*}} {in_place = [false]}
// CHECK:         %b = ix.update %a{{.*}} {in_place = [true]}
// CHECK:         %old = ix.at %b
// CHECK:         %c = ix.update %b{{.*}} {in_place = [true]}
// CHECK:         ix.update %c{{.*}} {in_place = [false]}
func.func @updates(%x: !ix.tab<[n], f64>, %i: !ix.idx<n>, %v: f64) -> (f64, !ix.tab<[n], f64>, !ix.tab<[n], f64>) {
  ix.sizes ["n"]
  %a = ix.update %x[%i : !ix.idx<n>], %v : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
  %b = ix.update %a[%i : !ix.idx<n>], %v : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
  %c = ix.update %b[%i : !ix.idx<n>], %v : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
  %old = ix.at %b[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
  %d = ix.update %c[%i : !ix.idx<n>], %v : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
  func.return %old, %c, %d : f64, !ix.tab<[n], f64>, !ix.tab<[n], f64>
}

// A part that is read later keeps the whole.
// CHECK-LABEL: func.func @part
// CHECK:         ix.update %t{{.*}} {in_place = [false]}
func.func @part(%v: f64, %i: !ix.idx<n>) -> (f64, !ix.tab<[n, m], f64>) {
  ix.sizes ["n", "m"]
  %row = ix.fill %v : f64 -> !ix.tab<[m], f64>
  %t = ix.fill %v : f64 -> !ix.tab<[n, m], f64>
  %r = ix.at %t[%i : !ix.idx<n>] : !ix.tab<[n, m], f64> -> !ix.tab<[m], f64>
  %u = ix.update %t[%i : !ix.idx<n>], %row : !ix.tab<[n, m], f64>, !ix.tab<[m], f64> -> !ix.tab<[n, m], f64>
  %m = ix.for %j : !ix.idx<m> {
    %e = ix.at %r[%j : !ix.idx<m>] : !ix.tab<[m], f64> -> f64
    ix.yield %e : f64
  } -> (max f64)
  func.return %m, %u : f64, !ix.tab<[n, m], f64>
}

// What a loop carries may be written over in its body; the initial table only if it is made here.
// CHECK-LABEL: func.func @carried
// CHECK:         ix.update %t{{.*}} {in_place = [true]}
// CHECK:         } {in_place = [false]}
// CHECK:         ix.update %s{{.*}} {in_place = [true]}
// CHECK:         } {in_place = [true]}
func.func @carried(%x: !ix.tab<[n], f64>, %v: f64) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %a = eff.loop %i : !ix.idx<n> carry (%t = %x : !ix.tab<[n], f64>) {
    %u = ix.update %t[%i : !ix.idx<n>], %v : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
    eff.yield %u : !ix.tab<[n], f64>
  }
  %b = eff.loop %i : !ix.idx<n> carry (%s = %a : !ix.tab<[n], f64>) {
    %u = ix.update %s[%i : !ix.idx<n>], %v : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
    eff.yield %u : !ix.tab<[n], f64>
  }
  func.return %b : !ix.tab<[n], f64>
}

// A table of outside is not written over inside a loop, which runs more than once; in a branch it may be.
// CHECK-LABEL: func.func @often
// CHECK:         ix.update %t{{.*}} {in_place = [false]}
// CHECK:         ix.update %t{{.*}} {in_place = [true]}
func.func @often(%v: f64, %c: i1, %i: !ix.idx<n>) -> (!ix.tab<[n, n], f64>, !ix.tab<[n], f64>) {
  ix.sizes ["n"]
  %t = ix.fill %v : f64 -> !ix.tab<[n], f64>
  %rows = ix.for %k : !ix.idx<n> {
    %u = ix.update %t[%k : !ix.idx<n>], %v : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
    ix.yield %u : !ix.tab<[n], f64>
  } -> (tab !ix.tab<[n, n], f64>)
  %r = scf.if %c -> (!ix.tab<[n], f64>) {
    %u = ix.update %t[%i : !ix.idx<n>], %v : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
    scf.yield %u : !ix.tab<[n], f64>
  } else {
    scf.yield %t : !ix.tab<[n], f64>
  }
  func.return %rows, %r : !ix.tab<[n, n], f64>, !ix.tab<[n], f64>
}

// An iteration that has updated its row and reads it as it was reads the table that the loop began with: the loop
// copies once, the iterations do not.
// CHECK-LABEL: func.func @originals
// CHECK:         own (%t = %x
// CHECK:           own (%s = %t
// CHECK:           } -> (own {{.*}}) {in_place = [true]}
// CHECK-NEXT:      ix.at %x[%i, %k
// CHECK:         } -> (own {{.*}}) {in_place = [false]}
func.func @originals(%x: !ix.tab<[n, m], f64>, %k: !ix.idx<m>, %v: f64) -> (!ix.tab<[n, m], f64>, f64) {
  ix.sizes ["n", "m"]
  %new, %total = ix.for %i : !ix.idx<n> own (%t = %x : !ix.tab<[n, m], f64>) {
    %row = ix.for %j : !ix.idx<m> own (%s = %t : !ix.tab<[n, m], f64>) {
      %u = ix.update %s[%i, %j : !ix.idx<n>, !ix.idx<m>], %v : !ix.tab<[n, m], f64>, f64 -> !ix.tab<[n, m], f64>
      ix.yield %u : !ix.tab<[n, m], f64>
    } -> (own !ix.tab<[n, m], f64>)
    %c = ix.at %t[%i, %k : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
    ix.yield %row, %c : !ix.tab<[n, m], f64>, f64
  } -> (own !ix.tab<[n, m], f64>, add f64)
  func.return %new, %total : !ix.tab<[n, m], f64>, f64
}
