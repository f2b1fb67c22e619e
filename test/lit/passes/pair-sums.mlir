// RUN: pydex-opt %s -p pair-sums | filecheck %s

// The distance is the same both ways, the difference the negative; the diagonal starts the sums.
// CHECK-LABEL: func.func @forces
// CHECK:         arith.cmpi sge
// CHECK:         scf.if
// CHECK:         [[START:%.*]] = ix.for %{{.*}} : !ix.idx<n> {
// CHECK:           arith.addf %{{.*}}, %{{.*}} : f64
// CHECK:         } -> (tab !ix.tab<[n], f64>)
// CHECK:         eff.accum add ([[CELLS:%.*]] = [[START]] : !ix.tab<[n], f64>) {
// CHECK-NEXT:      ix.for [[I:%.*]] "[[S:.*]]" : !ix.idx<n> {
// CHECK-NEXT:        [[SUM:%.*]] = ix.for %{{.*}} : !ix.idx<[[S]]> {
// CHECK:               arith.subf
// CHECK-NOT:           arith.subf
// CHECK:               math.exp
// CHECK-NOT:           math.exp
// CHECK:               [[THERE:%.*]] = arith.negf
// CHECK-NEXT:          eff.add [[CELLS]]{{.*}}, [[THERE]]
// CHECK:             } -> (add f64)
// CHECK-NEXT:        eff.add [[CELLS]]{{\[}}[[I]] : !ix.idx<n>], [[SUM]]
// CHECK:         } else {
func.func @forces(%x: !ix.tab<[n], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %r = ix.for %i : !ix.idx<n> {
    %s = ix.for %j : !ix.idx<n> {
      %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %b = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %d = arith.subf %a, %b : f64
      %q = arith.mulf %d, %d : f64
      %e = math.exp %q : f64
      %f = arith.mulf %e, %d : f64
      ix.yield %f : f64
    } -> (add f64)
    ix.yield %s : f64
  } -> (tab !ix.tab<[n], f64>)
  func.return %r : !ix.tab<[n], f64>
}

// Of a total nothing is kept; a branch on the diagonal is gone off it.
// CHECK-LABEL: func.func @energy
// CHECK:         scf.if
// CHECK-NOT:     scf.if
// CHECK-NOT:     eff.accum
// CHECK-NOT:     eff.add
// CHECK:         math.exp
// CHECK-NOT:     math.exp
// CHECK:         } else {
func.func @energy(%x: !ix.tab<[n], f64>) -> f64 {
  ix.sizes ["n"]
  %zero = arith.constant 0.0 : f64
  %r = ix.for %i : !ix.idx<n> {
    %p = ix.ord %i : !ix.idx<n>
    %s = ix.for %j : !ix.idx<n> {
      %q = ix.ord %j : !ix.idx<n>
      %apart = arith.cmpi ne, %p, %q : index
      %v = scf.if %apart -> (f64) {
        %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %b = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %d = arith.subf %a, %b : f64
        %t = arith.mulf %d, %d : f64
        %e = math.exp %t : f64
        scf.yield %e : f64
      } else {
        scf.yield %zero : f64
      }
      ix.yield %v : f64
    } -> (add f64)
    ix.yield %s : f64
  } -> (add f64)
  func.return %r : f64
}

// Not where both orders have nothing in common, where it is cheap, or where the loops are short.
// CHECK-LABEL: func.func @kept
// CHECK-NOT:     eff.accum
func.func @kept(%x: !ix.tab<[n], f64>, %y: !ix.tab<[64], f64>) -> (f64, f64, f64) {
  ix.sizes ["n"]
  %r, %u = ix.for %i : !ix.idx<n> {
    %s, %t = ix.for %j : !ix.idx<n> {
      %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %b = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %c = arith.addf %a, %a : f64
      %d = arith.subf %c, %b : f64
      %e = math.exp %d : f64
      ix.yield %d, %e : f64, f64
    } -> (add f64, add f64)
    ix.yield %s, %t : f64, f64
  } -> (add f64, add f64)
  %v = ix.for %i : !ix.idx<64> {
    %s = ix.for %j : !ix.idx<64> {
      %a = ix.at %y[%i : !ix.idx<64>] : !ix.tab<[64], f64> -> f64
      %b = ix.at %y[%j : !ix.idx<64>] : !ix.tab<[64], f64> -> f64
      %d = arith.subf %a, %b : f64
      %q = arith.mulf %d, %d : f64
      %e = math.exp %q : f64
      ix.yield %e : f64
    } -> (add f64)
    ix.yield %s : f64
  } -> (add f64)
  func.return %r, %u, %v : f64, f64, f64
}
