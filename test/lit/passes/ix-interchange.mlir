// RUN: pydex-opt %s -p ix-interchange --split-input-file | filecheck %s

// A matrix product: rows of b are walked, not jumped through.
// CHECK-LABEL: func.func @product
// CHECK:         ix.for %i
// CHECK:           eff.accum add
// CHECK:             ix.for %[[L:.*]] "q.{{[0-9]+}}" : !ix.idx<l>
// CHECK-NEXT:          ix.for %[[J:.*]] : !ix.idx<m>
// CHECK:                 ix.at %a[%i, %[[L]]
// CHECK:                 ix.at %b[%[[L]], %[[J]]
// CHECK:                 eff.add %{{.*}}[%[[J]]
// CHECK:           ix.yield
func.func @product(%a: !ix.tab<[n, l], f32>, %b: !ix.tab<[l, m], f32>) -> !ix.tab<[n, m], f32> {
  ix.sizes ["n", "l", "m"]
  %c = ix.for %i : !ix.idx<n> {
    %row = ix.for %j : !ix.idx<m> {
      %s = ix.for %k "q" : !ix.idx<l> {
        %x = ix.at %a[%i, %k : !ix.idx<n>, !ix.idx<l>] : !ix.tab<[n, l], f32> -> f32
        %y = ix.at %b[%k, %j : !ix.idx<l>, !ix.idx<m>] : !ix.tab<[l, m], f32> -> f32
        %p = arith.mulf %x, %y : f32
        ix.yield %p : f32
      } -> (add f32)
      ix.yield %s : f32
    } -> (tab !ix.tab<[m], f32>)
    ix.yield %row : !ix.tab<[m], f32>
  } -> (tab !ix.tab<[n, m], f32>)
  func.return %c : !ix.tab<[n, m], f32>
}

// -----
// With b transposed both are walked as it is.
// CHECK-LABEL: func.func @transposed
// CHECK-NOT:     eff.accum
func.func @transposed(%a: !ix.tab<[n, l], f32>, %b: !ix.tab<[m, l], f32>) -> !ix.tab<[n, m], f32> {
  ix.sizes ["n", "l", "m"]
  %c = ix.for %i : !ix.idx<n> {
    %row = ix.for %j : !ix.idx<m> {
      %s = ix.for %k : !ix.idx<l> {
        %x = ix.at %a[%i, %k : !ix.idx<n>, !ix.idx<l>] : !ix.tab<[n, l], f32> -> f32
        %y = ix.at %b[%j, %k : !ix.idx<m>, !ix.idx<l>] : !ix.tab<[m, l], f32> -> f32
        %p = arith.mulf %x, %y : f32
        ix.yield %p : f32
      } -> (add f32)
      ix.yield %s : f32
    } -> (tab !ix.tab<[m], f32>)
    ix.yield %row : !ix.tab<[m], f32>
  } -> (tab !ix.tab<[n, m], f32>)
  func.return %c : !ix.tab<[n, m], f32>
}

// -----
// A sum over a set that depends on the table's index stays inside.
// CHECK-LABEL: func.func @ragged
// CHECK-NOT:     eff.accum
func.func @ragged(%b: !ix.tab<[n, n], f32>) -> !ix.tab<[n], f32> {
  ix.sizes ["n"]
  %row = ix.for %j "j" : !ix.idx<n> {
    %s = ix.for %k : !ix.idx<j> {
      %l = ix.index (%k * 1 : !ix.idx<j>) + 0 : !ix.idx<n>
      %y = ix.at %b[%l, %j : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f32> -> f32
      ix.yield %y : f32
    } -> (add f32)
    ix.yield %s : f32
  } -> (tab !ix.tab<[n], f32>)
  func.return %row : !ix.tab<[n], f32>
}
