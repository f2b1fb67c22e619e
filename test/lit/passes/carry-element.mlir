// RUN: pydex-opt %s -p carry-element | filecheck %s

// A running product: the number of the step before is carried; the first one is read where there is a step.
// CHECK-LABEL: func.func @running
// CHECK:         [[SOME:%.*]] = arith.cmpi sgt
// CHECK-NEXT:    [[FIRST:%.*]] = scf.if [[SOME]] -> (f64) {
// CHECK-NEXT:      [[Z:%.*]] = ix.index () + 0 : !ix.idx<n + 1>
// CHECK-NEXT:      ix.at %t[[[Z]] : !ix.idx<n + 1>]
// CHECK:         eff.loop %i : !ix.idx<n> carry (%c = %t : !ix.tab<[n + 1], f64>, [[C:%.*]] = [[FIRST]] : f64) {
// CHECK-NOT:       ix.at %c
// CHECK:           [[V:%.*]] = arith.mulf [[C]], %x
// CHECK:           eff.yield {{%.*}}, [[V]] : !ix.tab<[n + 1], f64>, f64
func.func @running(%a: !ix.tab<[n], f64>, %t: !ix.tab<[n + 1], f64>) -> !ix.tab<[n + 1], f64> {
  ix.sizes ["n"]
  %r = eff.loop %i : !ix.idx<n> carry (%c = %t : !ix.tab<[n + 1], f64>) {
    %here = ix.index (%i * 1 : !ix.idx<n>) + 0 : !ix.idx<n + 1>
    %next = ix.index (%i * 1 : !ix.idx<n>) + 1 : !ix.idx<n + 1>
    %x = ix.at %a[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %p = ix.at %c[%here : !ix.idx<n + 1>] : !ix.tab<[n + 1], f64> -> f64
    %v = arith.mulf %p, %x : f64
    %u = ix.update %c[%next : !ix.idx<n + 1>], %v : !ix.tab<[n + 1], f64>, f64 -> !ix.tab<[n + 1], f64>
    eff.yield %u : !ix.tab<[n + 1], f64>
  }
  func.return %r : !ix.tab<[n + 1], f64>
}

// Backwards, the step before is that of the next index, and the first one is the last.
// CHECK-LABEL: func.func @backwards
// CHECK:           ix.index () + n : !ix.idx<n + 1>
// CHECK:         eff.loop reverse %i : !ix.idx<n> carry (%c = %t : !ix.tab<[n + 1], f64>, [[C:%.*]] = {{%.*}} : f64) {
// CHECK-NOT:       ix.at
// CHECK:           arith.negf [[C]]
func.func @backwards(%t: !ix.tab<[n + 1], f64>) -> !ix.tab<[n + 1], f64> {
  ix.sizes ["n"]
  %r = eff.loop reverse %i : !ix.idx<n> carry (%c = %t : !ix.tab<[n + 1], f64>) {
    %here = ix.index (%i * 1 : !ix.idx<n>) + 0 : !ix.idx<n + 1>
    %next = ix.index (%i * 1 : !ix.idx<n>) + 1 : !ix.idx<n + 1>
    %p = ix.at %c[%next : !ix.idx<n + 1>] : !ix.tab<[n + 1], f64> -> f64
    %v = arith.negf %p : f64
    %u = ix.update %c[%here : !ix.idx<n + 1>], %v : !ix.tab<[n + 1], f64>, f64 -> !ix.tab<[n + 1], f64>
    eff.yield %u : !ix.tab<[n + 1], f64>
  }
  func.return %r : !ix.tab<[n + 1], f64>
}

// What is read lies ahead, or was written two steps ago, or is at a place that the body finds.
// CHECK-LABEL: func.func @others
// CHECK:         carry (%c = %t : !ix.tab<[n + 2], f64>) {
func.func @others(%t: !ix.tab<[n + 2], f64>, %k: !ix.tab<[n], !ix.idx<n>>) -> !ix.tab<[n + 2], f64> {
  ix.sizes ["n"]
  %r = eff.loop %i : !ix.idx<n> carry (%c = %t : !ix.tab<[n + 2], f64>) {
    %j = ix.at %k[%i : !ix.idx<n>] : !ix.tab<[n], !ix.idx<n>> -> !ix.idx<n>
    %0 = ix.index (%i * 1 : !ix.idx<n>) + 0 : !ix.idx<n + 2>
    %1 = ix.index (%j * 1 : !ix.idx<n>) + 1 : !ix.idx<n + 2>
    %2 = ix.index (%i * 1 : !ix.idx<n>) + 2 : !ix.idx<n + 2>
    %p = ix.at %c[%0 : !ix.idx<n + 2>] : !ix.tab<[n + 2], f64> -> f64
    %q = ix.at %c[%1 : !ix.idx<n + 2>] : !ix.tab<[n + 2], f64> -> f64
    %w = ix.at %c[%2 : !ix.idx<n + 2>] : !ix.tab<[n + 2], f64> -> f64
    %a = arith.mulf %p, %q : f64
    %b = arith.mulf %a, %w : f64
    %u = ix.update %c[%2 : !ix.idx<n + 2>], %b : !ix.tab<[n + 2], f64>, f64 -> !ix.tab<[n + 2], f64>
    eff.yield %u : !ix.tab<[n + 2], f64>
  }
  func.return %r : !ix.tab<[n + 2], f64>
}
