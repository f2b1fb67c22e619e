// RUN: pydex-opt %s -p ix-blocks --split-input-file | filecheck %s
// RUN: pydex-opt %s -p ix-blocks{length=7},lower-to-scf --split-input-file | filecheck %s --check-prefix=SCF

// Vectors of h numbers between a contraction and a loop die with a block; rows and sums go out of it.
// CHECK-LABEL: func.func @layer
// CHECK:         ix.open %{{.*}} as "[[K:block.[0-9]+]]" rule "block" <p, 8*h, {{.*}}, 16>
// CHECK:         ix.open %{{.*}} as "[[M:blocks.[0-9]+]]" rule "blocks" <p, [[K]]>
// CHECK:         ix.blocks %{{.*}} "[[B:b.[0-9]+]]" : !ix.idx<[[M]]> by [[K]] {
// CHECK:           ix.size_of <-[[B]]*[[K]] + p>
// CHECK:           ix.open %{{.*}} as "[[N:points.[0-9]+]]" rule "points" <p, [[K]]>
// CHECK-NEXT:      ix.contract {{\[}}[[N]], h, d] %x{{\[}}[[B]]*[[K]] + #0, #2], %w[#2, #1] -> [#0, #1]
// CHECK-NEXT:      ix.for %{{.*}} : !ix.idx<[[N]]>
// CHECK:           ix.contract {{\[}}[[N]], h, d] %x{{\[}}[[B]]*[[K]] + #0, #2], %{{.*}}[#0, #1] -> [#2, #1]
// CHECK:           ix.yield
// CHECK-NEXT:    } -> (rows !ix.tab<[p, h], f32>, add f32, sum !ix.tab<[d, h], f32>)
// SCF-LABEL: func.func @layer
// SCF:         scf.for
// SCF:           memref.alloc
// SCF:           memref.dealloc
func.func @layer(%x: !ix.tab<[p, d], f32>, %w: !ix.tab<[d, h], f32>) -> (!ix.tab<[p, h], f32>, !ix.tab<[d, h], f32>, f32) {
  ix.sizes ["p", "d", "h"]
  %u = ix.contract [p, h, d] %x[#0, #2], %w[#2, #1] -> [#0, #1] : !ix.tab<[p, d], f32>, !ix.tab<[d, h], f32> -> !ix.tab<[p, h], f32>
  %z, %v, %s = ix.for %i : !ix.idx<p> {
    %row, %other, %r = ix.for %j : !ix.idx<h> {
      %y = ix.at %u[%i, %j : !ix.idx<p>, !ix.idx<h>] : !ix.tab<[p, h], f32> -> f32
      %e = math.exp %y : f32
      %n = arith.negf %y : f32
      ix.yield %e, %n, %y : f32, f32, f32
    } -> (tab !ix.tab<[h], f32>, tab !ix.tab<[h], f32>, add f32)
    ix.yield %row, %other, %r : !ix.tab<[h], f32>, !ix.tab<[h], f32>, f32
  } -> (tab !ix.tab<[p, h], f32>, tab !ix.tab<[p, h], f32>, add f32)
  %g = ix.contract [p, h, d] %x[#0, #2], %z[#0, #1] -> [#2, #1] : !ix.tab<[p, d], f32>, !ix.tab<[p, h], f32> -> !ix.tab<[d, h], f32>
  func.return %v, %g, %s : !ix.tab<[p, h], f32>, !ix.tab<[d, h], f32>, f32
}

// -----
// A row is read by another point: nothing dies with a block.
// CHECK-LABEL: func.func @neighbour
// CHECK-NOT:     ix.blocks
// CHECK:         return
func.func @neighbour(%x: !ix.tab<[p, d], f32>, %w: !ix.tab<[d, p], f32>, %k: !ix.idx<p>) -> f32 {
  ix.sizes ["p", "d"]
  %u = ix.contract [p, p, d] %x[#0, #2], %w[#2, #1] -> [#0, #1] : !ix.tab<[p, d], f32>, !ix.tab<[d, p], f32> -> !ix.tab<[p, p], f32>
  %s = ix.for %i : !ix.idx<p> {
    %y = ix.at %u[%k, %i : !ix.idx<p>, !ix.idx<p>] : !ix.tab<[p, p], f32> -> f32
    %t = ix.at %u[%i, %k : !ix.idx<p>, !ix.idx<p>] : !ix.tab<[p, p], f32> -> f32
    %z = arith.addf %y, %t : f32
    ix.yield %z : f32
  } -> (add f32)
  func.return %s : f32
}

// -----
// Sums over points that a loop does more with are taken out of it, in f64.
// CHECK-LABEL: func.func @mean
// CHECK:         %[[B:.*]], %{{.*}} = ix.blocks
// CHECK:           ix.contract
// CHECK-NEXT:      ix.for %{{.*}} : !ix.idx<h>
// CHECK-NEXT:        ix.for
// CHECK:             arith.extf
// CHECK:         } -> (sum !ix.tab<[h], f64>, add f32)
// CHECK:         ix.for
// CHECK-NEXT:      ix.at %[[B]]
// CHECK-NEXT:      arith.truncf
// CHECK-NEXT:      math.exp
func.func @mean(%x: !ix.tab<[p, d], f32>, %w: !ix.tab<[d, h], f32>) -> (!ix.tab<[h], f32>, f32) {
  ix.sizes ["p", "d", "h"]
  %u = ix.contract [p, h, d] %x[#0, #2], %w[#2, #1] -> [#0, #1] : !ix.tab<[p, d], f32>, !ix.tab<[d, h], f32> -> !ix.tab<[p, h], f32>
  %m = ix.for %j : !ix.idx<h> {
    %s = ix.for %i : !ix.idx<p> {
      %y = ix.at %u[%i, %j : !ix.idx<p>, !ix.idx<h>] : !ix.tab<[p, h], f32> -> f32
      ix.yield %y : f32
    } -> (add f32)
    %e = math.exp %s : f32
    ix.yield %e : f32
  } -> (tab !ix.tab<[h], f32>)
  %r = ix.for %i : !ix.idx<p> {
    %s = ix.for %j : !ix.idx<h> {
      %y = ix.at %u[%i, %j : !ix.idx<p>, !ix.idx<h>] : !ix.tab<[p, h], f32> -> f32
      ix.yield %y : f32
    } -> (add f32)
    %e = math.exp %s : f32
    ix.yield %e : f32
  } -> (add f32)
  func.return %m, %r : !ix.tab<[h], f32>, f32
}
