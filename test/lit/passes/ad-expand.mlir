// One fact each about what derivatives become.
// RUN: pydex-opt %s -p ad-expand,simplify | filecheck %s
// RUN: pydex-opt %s -p ad-expand,simplify,accum-to-table,simplify | filecheck %s --check-prefix=TABLE

// A parallel loop transposes to a parallel loop; nothing of an iteration leaves it but what it adds.
// CHECK-LABEL: func.func @gradient
// CHECK:         eff.accum add (%{{.*}} = %{{.*}} : !ix.tab<[n], f64>)
// CHECK-NEXT:      ix.for
// CHECK-NEXT:        ix.at
// CHECK-NEXT:        math.cos
// CHECK-NEXT:        arith.mulf
// CHECK-NEXT:        eff.add
// CHECK-NEXT:        ix.yield{{$}}

// As every iteration adds to its own element, it is a table.
// TABLE-LABEL: func.func @gradient
// TABLE-NOT:     eff.accum
// TABLE:         ix.for
// TABLE:           math.cos
// TABLE:         -> (tab !ix.tab<[n], f64>)
func.func private @sines(%x: !ix.tab<[n], f64>) -> f64 {
  ix.sizes ["n"]
  %s = ix.for %i : !ix.idx<n> {
    %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %b = math.sin %a : f64
    ix.yield %b : f64
  } -> (add f64)
  func.return %s : f64
}
func.func @gradient(%x: !ix.tab<[n], f64>, %seed: f64) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %g:2 = ad.vjp @sines<n> wrt [0] (%x : !ix.tab<[n], f64>) (%seed : f64) -> f64, !ix.tab<[n], f64>
  func.return %g#1 : !ix.tab<[n], f64>
}

// A sequential loop keeps what its body read of a table that it updates, one element a step, never the table.
// CHECK-LABEL: func.func @scan_gradient
// CHECK:         eff.loop %{{.*}} carry (%{{.*}} : !ix.tab<[n], f64>)
// CHECK:         -> (!ix.tab<[n - 1], f64>)
// CHECK:         eff.loop linear reverse
// CHECK-NOT:     !ix.tab<[n - 1, n]
func.func private @scan(%x: !ix.tab<[n], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %t = eff.loop %i : !ix.idx<n - 1> carry (%u = %x : !ix.tab<[n], f64>) {
    %here = ix.index (%i * 1 : !ix.idx<n - 1>) + 0 : !ix.idx<n>
    %next = ix.index (%i * 1 : !ix.idx<n - 1>) + 1 : !ix.idx<n>
    %a = ix.at %u[%here : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %b = math.sin %a : f64
    %v = ix.update %u[%next : !ix.idx<n>], %b : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
    eff.yield %v : !ix.tab<[n], f64>
  }
  func.return %t : !ix.tab<[n], f64>
}
func.func @scan_gradient(%x: !ix.tab<[n], f64>, %seed: !ix.tab<[n], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %g:2 = ad.vjp @scan<n> wrt [0] (%x : !ix.tab<[n], f64>) (%seed : !ix.tab<[n], f64>) -> !ix.tab<[n], f64>, !ix.tab<[n], f64>
  func.return %g#1 : !ix.tab<[n], f64>
}

// A loop that is linear in what it carries keeps nothing: the coefficient is read again.
// CHECK-LABEL: func.func @decay_gradient
// CHECK:         %{{[^,]*}} = eff.loop linear reverse %{{.*}} carry (%{{.*}} : f64)
// CHECK-NOT:     eff.loop
// CHECK:         func.return
func.func private @decay(%s0: f64, %x: !ix.tab<[n], f64>) -> f64 {
  ix.sizes ["n"]
  %r = eff.loop %i : !ix.idx<n> carry (%s = %s0 : f64) {
    %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %t = arith.mulf %s, %a : f64
    eff.yield %t : f64
  }
  func.return %r : f64
}
func.func @decay_gradient(%s0: f64, %x: !ix.tab<[n], f64>, %seed: f64) -> f64 {
  ix.sizes ["n"]
  %g:2 = ad.vjp @decay<n> wrt [0] (%s0, %x : f64, !ix.tab<[n], f64>) (%seed : f64) -> f64, f64
  func.return %g#1 : f64
}

// Of a maximum, only the iteration that won is reversed.
// CHECK-LABEL: func.func @largest_gradient
// CHECK:         -> (argmax !ix.idx<n>)
// CHECK-NEXT:    ix.at
// CHECK-NEXT:    math.cos
// CHECK-NOT:     ix.for
// CHECK:         ix.update
// CHECK-NEXT:    func.return
func.func private @largest(%x: !ix.tab<[n], f64>) -> f64 {
  ix.sizes ["n"]
  %m = ix.for %i : !ix.idx<n> {
    %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %b = math.sin %a : f64
    ix.yield %b : f64
  } -> (max f64)
  func.return %m : f64
}
func.func @largest_gradient(%x: !ix.tab<[n], f64>, %seed: f64) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %g:2 = ad.vjp @largest<n> wrt [0] (%x : !ix.tab<[n], f64>) (%seed : f64) -> f64, !ix.tab<[n], f64>
  func.return %g#1 : !ix.tab<[n], f64>
}

// Nothing is emitted for what is not active, and the derivative of a stopped value is zero.
// CHECK-LABEL: func.func @stopped_gradient
// CHECK-NOT:     math
// CHECK:         func.return %{{.*}} : f64
func.func private @stopped(%x: f64, %y: f64) -> f64 {
  %a = math.exp %y : f64
  %b = math.sin %x : f64
  %c = ad.stop %b : f64 -> f64
  %d = arith.addf %c, %x : f64
  %e = arith.addf %d, %a : f64
  func.return %e : f64
}
func.func @stopped_gradient(%x: f64, %y: f64, %seed: f64) -> f64 {
  %g:2 = ad.vjp @stopped<> wrt [0] (%x, %y : f64, f64) (%seed : f64) -> f64, f64
  func.return %g#1 : f64
}

// A checkpointed call is run again in the reverse, from its arguments.
// CHECK-LABEL: func.func @checkpoint_gradient
// CHECK-COUNT-1: math.exp
// CHECK-NOT:     ad.checkpoint
// CHECK:         func.return
func.func private @inner(%x: f64) -> f64 {
  %a = math.exp %x : f64
  %b = arith.mulf %a, %a : f64
  func.return %b : f64
}
func.func private @outer(%x: f64) -> f64 {
  %a = ad.checkpoint @inner<>(%x) : (f64) -> f64
  func.return %a : f64
}
func.func @checkpoint_gradient(%x: f64, %seed: f64) -> f64 {
  %g:2 = ad.vjp @outer<> wrt [0] (%x : f64) (%seed : f64) -> f64, f64
  func.return %g#1 : f64
}

// The transpose of a matrix-vector product is one, the other way round.
// TABLE-LABEL: func.func @transposed
// TABLE-NOT:     eff.accum
// TABLE:         ix.for %{{[^ ]*}} "{{.*}}" : !ix.idx<n>
// TABLE:           ix.for %{{[^ ]*}} "{{.*}}" : !ix.idx<m>
// TABLE:             ix.at %a[{{.*}} : !ix.idx<m>, !ix.idx<n>]
// TABLE:           -> (add f64)
// TABLE:         -> (tab !ix.tab<[n], f64>)
func.func private @product(%a: !ix.tab<[m, n], f64>, %x: !ix.tab<[n], f64>) -> !ix.tab<[m], f64> {
  ix.sizes ["m", "n"]
  %y = ix.for %i : !ix.idx<m> {
    %s = ix.for %j : !ix.idx<n> {
      %c = ix.at %a[%i, %j : !ix.idx<m>, !ix.idx<n>] : !ix.tab<[m, n], f64> -> f64
      %v = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %p = arith.mulf %c, %v : f64
      ix.yield %p : f64
    } -> (add f64)
    ix.yield %s : f64
  } -> (tab !ix.tab<[m], f64>)
  func.return %y : !ix.tab<[m], f64>
}
func.func @transposed(%a: !ix.tab<[m, n], f64>, %seed: !ix.tab<[m], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["m", "n"]
  %t = ad.transpose @product<m, n> wrt [1] (%a : !ix.tab<[m, n], f64>) (%seed : !ix.tab<[m], f64>) -> !ix.tab<[n], f64>
  func.return %t : !ix.tab<[n], f64>
}
