// RUN: pydex-opt %s -p own-to-table | filecheck %s

// The old table is read in the loop: the rim comes into it, and nothing is copied.
// CHECK-LABEL: func.func @step
// CHECK:         ix.for [[P:%.*]] "[[S:.*]]" : !ix.idx<n> {
// CHECK:           ix.size_of <[[S]] - 1>
// CHECK:           ix.size_of <n - [[S]] - 2>
// CHECK:           [[IN:%.*]] = arith.andi
// CHECK-NEXT:      [[V:%.*]] = scf.if [[IN]] -> (f64) {
// CHECK-NEXT:        [[I:%.*]] = ix.index ([[P]] * 1 : !ix.idx<n>) + -1 : !ix.idx<n - 2>
// CHECK:             scf.yield
// CHECK-NEXT:      } else {
// CHECK-NEXT:        [[O:%.*]] = ix.at %u[[[P]] : !ix.idx<n>]
// CHECK-NEXT:        scf.yield [[O]] : f64
// CHECK-NEXT:      }
// CHECK-NEXT:      ix.yield [[V]] : f64
// CHECK-NEXT:    } -> (tab !ix.tab<[n], f64>)
func.func @step(%u: !ix.tab<[n], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %v = ix.for %i : !ix.idx<n - 2> own (%t = %u : !ix.tab<[n], f64>) {
    %a = ix.index (%i * 1 : !ix.idx<n - 2>) + 0 : !ix.idx<n>
    %b = ix.index (%i * 1 : !ix.idx<n - 2>) + 1 : !ix.idx<n>
    %c = ix.index (%i * 1 : !ix.idx<n - 2>) + 2 : !ix.idx<n>
    %x = ix.at %u[%a : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %y = ix.at %u[%c : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %s = arith.addf %x, %y : f64
    %w = ix.update %t[%b : !ix.idx<n>], %s : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
    ix.yield %w : !ix.tab<[n], f64>
  } -> (own !ix.tab<[n], f64>)
  func.return %v : !ix.tab<[n], f64>
}

// Axes in another order than loops, and a row that is written whole, which needs no test.
// CHECK-LABEL: func.func @turned
// CHECK:         ix.for [[P:%.*]] "{{.*}}" : !ix.idx<n> {
// CHECK-NEXT:      ix.for [[Q:%.*]] "[[S:.*]]" : !ix.idx<m> {
// CHECK:             ix.size_of <m - [[S]] - 2>
// CHECK:             scf.if
// CHECK:               ix.at %u[[[P]], {{%.*}} : !ix.idx<n>, !ix.idx<m>]
// CHECK:             else
// CHECK-NEXT:          ix.at %u[[[P]], [[Q]] : !ix.idx<n>, !ix.idx<m>]
// CHECK:           } -> (tab !ix.tab<[m], f64>)
// CHECK:         } -> (tab !ix.tab<[n, m], f64>)
func.func @turned(%u: !ix.tab<[n, m], f64>) -> !ix.tab<[n, m], f64> {
  ix.sizes ["n", "m"]
  %v = ix.for %j : !ix.idx<m - 1> own (%t = %u : !ix.tab<[n, m], f64>) {
    %a = ix.index (%j * 1 : !ix.idx<m - 1>) + 0 : !ix.idx<m>
    %b = ix.index (%j * 1 : !ix.idx<m - 1>) + 1 : !ix.idx<m>
    %r = ix.for %i : !ix.idx<n> own (%s = %t : !ix.tab<[n, m], f64>) {
      %x = ix.at %u[%i, %b : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
      %w = ix.update %s[%i, %a : !ix.idx<n>, !ix.idx<m>], %x : !ix.tab<[n, m], f64>, f64 -> !ix.tab<[n, m], f64>
      ix.yield %w : !ix.tab<[n, m], f64>
    } -> (own !ix.tab<[n, m], f64>)
    ix.yield %r : !ix.tab<[n, m], f64>
  } -> (own !ix.tab<[n, m], f64>)
  func.return %v : !ix.tab<[n, m], f64>
}

// The old table is not read again, so it is updated in place; half of a table is not most of it.
// CHECK-LABEL: func.func @kept
// CHECK:         own (%t = %u : !ix.tab<[n], f64>)
// CHECK:         own (%t_1 = %y : !ix.tab<[m + n], f64>)
func.func @kept(%x: !ix.tab<[n], f64>, %y: !ix.tab<[n + m], f64>) -> (!ix.tab<[n], f64>, !ix.tab<[n + m], f64>) {
  ix.sizes ["n", "m"]
  %u = ix.for %i : !ix.idx<n> {
    %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    ix.yield %a : f64
  } -> (tab !ix.tab<[n], f64>)
  %v = ix.for %i : !ix.idx<n> own (%t = %u : !ix.tab<[n], f64>) {
    %a = ix.at %t[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %b = math.sqrt %a : f64
    %w = ix.update %t[%i : !ix.idx<n>], %b : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
    ix.yield %w : !ix.tab<[n], f64>
  } -> (own !ix.tab<[n], f64>)
  %z = ix.for %i : !ix.idx<n> own (%t = %y : !ix.tab<[n + m], f64>) {
    %c = ix.index (%i * 1 : !ix.idx<n>) + m : !ix.idx<n + m>
    %d = ix.index (%i * 1 : !ix.idx<n>) + 0 : !ix.idx<n + m>
    %a = ix.at %y[%c : !ix.idx<n + m>] : !ix.tab<[n + m], f64> -> f64
    %w = ix.update %t[%d : !ix.idx<n + m>], %a : !ix.tab<[n + m], f64>, f64 -> !ix.tab<[n + m], f64>
    ix.yield %w : !ix.tab<[n + m], f64>
  } -> (own !ix.tab<[n + m], f64>)
  func.return %v, %z : !ix.tab<[n], f64>, !ix.tab<[n + m], f64>
}
