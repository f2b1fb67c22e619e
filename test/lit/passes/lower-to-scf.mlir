// What pydex emits is upstream MLIR: printed here, and executed by a released MLIR with nothing of pydex in the process.
// RUN: pydex-opt %s -p ix-own,lower-to-scf | filecheck %s

// CHECK-LABEL: func.func @outer(%{{.*}}: index, %{{.*}}: memref<?xf64, strided<[?], offset: ?>>, %{{.*}}: memref<?x?xf64>) -> f64
// The rows go straight into the destination, and the largest element is carried by the loop.
// CHECK-NOT:     memref.alloc
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:             arith.mulf %{{.*}}, %{{.*}} fastmath<contract> : f64
// CHECK:             memref.store %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] : memref<?x?xf64>
// CHECK:         arith.maximumf
func.func @outer(%x: !ix.tab<[n], f64>) -> (!ix.tab<[n, n], f64>, f64) {
  ix.sizes ["n"]
  %t, %m = ix.for %i : !ix.idx<n> {
    %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %row = ix.for %j : !ix.idx<n> {
      %b = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %p = arith.mulf %a, %b : f64
      ix.yield %p : f64
    } -> (tab !ix.tab<[n], f64>)
    ix.yield %row, %a : !ix.tab<[n], f64>, f64
  } -> (tab !ix.tab<[n, n], f64>, max f64)
  func.return %t, %m : !ix.tab<[n, n], f64>, f64
}

// Two buffers are allocated in front of the loop and swapped by it.
// CHECK-LABEL: func.func @steps
// CHECK:         memref.alloc
// CHECK-NOT:     memref.copy
// CHECK:         %{{.*}}, %{{.*}} = scf.for {{.*}} iter_args(%[[OLD:.*]] = %{{.*}}, %[[NEW:.*]] = %{{.*}}) -> (memref<?xf64, strided<[?], offset: ?>>, memref<?xf64, strided<[?], offset: ?>>) {
// CHECK:           memref.load %[[OLD]]
// CHECK:           memref.store %{{.*}}, %[[NEW]]
// CHECK:           scf.yield %[[NEW]], %[[OLD]]
// CHECK:         memref.dealloc
func.func @steps(%u: !ix.tab<[n], f64>, %t: !ix.tab<[t], f64>) -> f64 {
  ix.sizes ["n", "t"]
  %r = eff.loop %s : !ix.idx<t> carry (%v = %u : !ix.tab<[n], f64>) {
    %w = ix.for %i : !ix.idx<n> {
      %k = ix.index (%i * -1 : !ix.idx<n>) + n - 1 : !ix.idx<n>
      %a = ix.at %v[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %b = ix.at %v[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %c = arith.addf %a, %b : f64
      ix.yield %c : f64
    } -> (tab !ix.tab<[n], f64>)
    eff.yield %w : !ix.tab<[n], f64>
  }
  %sum = ix.for %i : !ix.idx<n> {
    %a = ix.at %r[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    ix.yield %a : f64
  } -> (add f64)
  func.return %sum : f64
}

// A failed check is a failed assertion.
// CHECK-LABEL: func.func @checked
// CHECK:         cf.assert %{{.*}}, "IndexError: {0} is not below 10"
// CHECK:         arith.select
func.func @checked(%i: index) -> index {
  %ten = arith.constant 10 : index
  %minus = arith.constant -1 : index
  %ok = arith.cmpi ult, %i, %ten : index
  eff.check %ok, "IndexError" "{0} is not below 10"(%i)
  %q = arith.floordivsi %i, %minus : index
  func.return %q : index
}

// Of a sum of two products in a sequential loop, the one that is known early is not fused with it: the other then is.
// CHECK-LABEL: func.func @late
// CHECK:         scf.for {{.*}} iter_args(%[[X:.*]] = %{{.*}}, %[[Y:.*]] = %{{.*}}) -> (f64, f64)
// CHECK:           arith.mulf %[[X]], %{{.*}} : f64
// CHECK:           %[[BX:.*]] = arith.mulf %[[X]], %{{.*}} fastmath<contract> : f64
// CHECK:           arith.mulf %[[BX]], %[[Y]] fastmath<contract> : f64
// CHECK:           arith.subf {{.*}} fastmath<contract> : f64
func.func @late(%a: f64, %b: f64) -> (f64, f64) {
  ix.sizes ["n"]
  %p, %q = eff.loop %i : !ix.idx<n> carry (%x = %a : f64, %y = %b : f64) {
    %ax = arith.mulf %x, %a : f64
    %bx = arith.mulf %x, %b : f64
    %bxy = arith.mulf %bx, %y : f64
    %d = arith.subf %ax, %bxy : f64
    eff.yield %d, %x : f64, f64
  }
  func.return %p, %q : f64, f64
}

// In a loop that waits for nothing any product will do.
// CHECK-LABEL: func.func @any
// CHECK-NOT:     arith.mulf {{[^<]*}} : f64
func.func @any(%x: !ix.tab<[n], f64>, %a: f64) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %t = ix.for %i : !ix.idx<n> {
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %av = arith.mulf %v, %a : f64
    %vv = arith.mulf %v, %v : f64
    %vvv = arith.mulf %vv, %v : f64
    %d = arith.subf %av, %vvv : f64
    ix.yield %d : f64
  } -> (tab !ix.tab<[n], f64>)
  func.return %t : !ix.tab<[n], f64>
}
