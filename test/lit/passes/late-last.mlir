// RUN: pydex-opt %s -p late-last,dce | filecheck %s

// Only one comparison waits for what is carried.
// CHECK-LABEL: func.func @least
// CHECK:         [[Y:%.*]] = arith.addi %c, %one
// CHECK-NEXT:    [[E:%.*]] = arith.minsi %a, %b
// CHECK-NEXT:    [[R:%.*]] = arith.minsi [[E]], [[Y]]
// CHECK-NEXT:    eff.yield [[R]] : i64
func.func @least(%x: !ix.tab<[n], i64>, %z: !ix.tab<[n], i64>) -> i64 {
  ix.sizes ["n"]
  %one = arith.constant 1 : i64
  %r = eff.loop %i : !ix.idx<n> carry (%c = %one : i64) {
    %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], i64> -> i64
    %b = ix.at %z[%i : !ix.idx<n>] : !ix.tab<[n], i64> -> i64
    %y = arith.addi %c, %one : i64
    %p = arith.minsi %a, %y : i64
    %q = arith.minsi %p, %b : i64
    eff.yield %q : i64
  }
  func.return %r : i64
}

// A part that is used twice stays, as do sums and different extrema.
// CHECK-LABEL: func.func @stays
// CHECK:         arith.maximumf %a, %c
// CHECK-NEXT:    arith.maximumf
// CHECK-NEXT:    arith.minimumf
// CHECK-NEXT:    arith.addf
func.func @stays(%x: !ix.tab<[n], f64>, %one: f64) -> f64 {
  ix.sizes ["n"]
  %r = eff.loop %i : !ix.idx<n> carry (%c = %one : f64) {
    %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %p = arith.maximumf %a, %c : f64
    %q = arith.maximumf %p, %one : f64
    %s = arith.minimumf %q, %p : f64
    %t = arith.addf %s, %q : f64
    eff.yield %t : f64
  }
  func.return %r : f64
}
