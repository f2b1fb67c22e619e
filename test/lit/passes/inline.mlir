// RUN: pydex-opt %s -p inline | filecheck %s
// RUN: pydex-opt %s -p inline{checkpoints=true} | filecheck %s --check-prefix=ALL

// A call becomes the body of the callee, sizes substituted, symbols fresh; private functions go away.
// CHECK-NOT: @scale
// CHECK-LABEL: func.func @calls
// CHECK: ix.for %{{.*}} "i.[[#]]" : !ix.idx<2*n>
// CHECK: arith.mulf %{{.*}}, %s : f64
// CHECK: ix.for %{{.*}} "i.[[#]]" : !ix.idx<n + 1>
// CHECK-NOT: ix.call
// CHECK: return
func.func @calls(%x : !ix.tab<[2*n], f64>, %y : !ix.tab<[n + 1], f64>, %s : f64) -> (!ix.tab<[2*n], f64>, !ix.tab<[n + 1], f64>) {
  ix.sizes ["n"]
  %a = ix.call @scale<2*n>(%x, %s) : (!ix.tab<[2*n], f64>, f64) -> !ix.tab<[2*n], f64>
  %b = ix.call @scale<n + 1>(%y, %s) : (!ix.tab<[n + 1], f64>, f64) -> !ix.tab<[n + 1], f64>
  func.return %a, %b : !ix.tab<[2*n], f64>, !ix.tab<[n + 1], f64>
}

// AD must see a checkpoint; afterwards it is a call like others.
// CHECK-LABEL: func.func @checkpointed
// CHECK: ad.checkpoint @kept
// CHECK: func.func private @kept
// ALL-LABEL: func.func @checkpointed
// ALL-NEXT: math.exp
// ALL-NEXT: return
// ALL-NOT: @kept
func.func @checkpointed(%x : f64) -> f64 {
  %a = ad.checkpoint @kept<>(%x) : (f64) -> f64
  func.return %a : f64
}
func.func private @kept(%x : f64) -> f64 {
  %a = math.exp %x : f64
  func.return %a : f64
}

func.func private @scale(%t : !ix.tab<[a], f64>, %s : f64) -> !ix.tab<[a], f64> {
  ix.sizes ["a"]
  %r = ix.for %i "i" : !ix.idx<a> {
    %v = ix.at %t[%i : !ix.idx<a>] : !ix.tab<[a], f64> -> f64
    %w = arith.mulf %v, %s : f64
    ix.yield %w : f64
  } -> (tab !ix.tab<[a], f64>)
  func.return %r : !ix.tab<[a], f64>
}

// A text may have been written by an earlier run: its names are not made again.
// CHECK-LABEL: func.func @dumped
// CHECK: "i.1000"
// CHECK: "i.100{{[1-9]}}"
func.func @dumped(%x : f64, %t : !ix.tab<[3], f64>) -> (f64, !ix.tab<[3], f64>) {
  %s = ix.for %i "i.1000" : !ix.idx<3> {
    ix.yield %x : f64
  } -> (add f64)
  %r = ix.call @scale<3>(%t, %s) : (!ix.tab<[3], f64>, f64) -> !ix.tab<[3], f64>
  func.return %s, %r : f64, !ix.tab<[3], f64>
}
