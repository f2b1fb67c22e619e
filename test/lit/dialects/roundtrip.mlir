// RUN: pydex-opt %s | filecheck %s
// RUN: pydex-opt %s | pydex-opt | filecheck %s
// RUN: pydex-opt %s --generic | pydex-opt | filecheck %s

// Every op of ix, eff and ad, in its own syntax.

// CHECK-LABEL: func.func @loops(%x: !ix.tab<[n, #0 + 1], f32>, %y: !ix.tab<[n], f32>, %z: f32)
func.func @loops(%x : !ix.tab<[n, #0 + 1], f32>, %y : !ix.tab<[n], f32>, %z : f32) -> f32 {
  // CHECK-NEXT: ix.sizes ["n"]
  ix.sizes ["n"]
  // CHECK-NEXT: %a, %b, %w = ix.for %i "i" : !ix.idx<n> {
  %a, %b, %w = ix.for %i "i" : !ix.idx<n> {
    // CHECK-NEXT: %r = ix.for %j : !ix.idx<i + 1> {
    %r = ix.for %j : !ix.idx<i + 1> {
      // CHECK-NEXT: ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<i + 1>] : !ix.tab<[n, #0 + 1], f32> -> f32
      %v = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<i + 1>] : !ix.tab<[n, #0 + 1], f32> -> f32
      // CHECK-NEXT: ix.yield %v : f32
      ix.yield %v : f32
    // CHECK-NEXT: } -> (add f32)
    } -> (add f32)
    // CHECK-NEXT: ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n, #0 + 1], f32> -> !ix.tab<[i + 1], f32>
    %row = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n, #0 + 1], f32> -> !ix.tab<[i + 1], f32>
    ix.yield %r, %row, %r : f32, !ix.tab<[i + 1], f32>, f32
  // CHECK: } -> (max f32, tab !ix.tab<[n, #0 + 1], f32>, argmin !ix.idx<n>)
  } -> (max f32, tab !ix.tab<[n, #0 + 1], f32>, argmin !ix.idx<n>)
  // CHECK-NEXT: %own = ix.for %i_1 : !ix.idx<n> own (%t = %y : !ix.tab<[n], f32>) {
  %own = ix.for %i : !ix.idx<n> own (%t = %y : !ix.tab<[n], f32>) {
    // CHECK-NEXT: ix.update %t[%i_1 : !ix.idx<n>], %z : !ix.tab<[n], f32>, f32 -> !ix.tab<[n], f32>
    %u = ix.update %t[%i : !ix.idx<n>], %z : !ix.tab<[n], f32>, f32 -> !ix.tab<[n], f32>
    ix.yield %u : !ix.tab<[n], f32>
  } -> (own !ix.tab<[n], f32>)
  // CHECK: eff.accum add (%acc = %y : !ix.tab<[n], f32>) {
  %h = eff.accum add (%acc = %y : !ix.tab<[n], f32>) {
    // CHECK-NEXT: ix.for %i_2 : !ix.idx<n> {
    ix.for %i : !ix.idx<n> {
      // CHECK-NEXT: ix.index (%i_2 * -1 : !ix.idx<n>) + n - 1 : !ix.idx<n>
      %k = ix.index (%i * -1 : !ix.idx<n>) + n - 1 : !ix.idx<n>
      // CHECK-NEXT: eff.add %acc[%k : !ix.idx<n>], %z : !eff.acc<add, !ix.tab<[n], f32>>, f32
      eff.add %acc[%k : !ix.idx<n>], %z : !eff.acc<add, !ix.tab<[n], f32>>, f32
      ix.yield
    }
    eff.yield
  }
  // CHECK: eff.accum add, max (%s = %z : f32, %m = %z : f32) {
  %s1, %m1, %o = eff.accum add, max (%s = %z : f32, %m = %z : f32) {
    // CHECK-NEXT: eff.add linear %s[], %z : !eff.acc<add, f32>, f32
    eff.add linear %s[], %z : !eff.acc<add, f32>, f32
    eff.add %m[], %z : !eff.acc<max, f32>, f32
    // CHECK: eff.yield %z : f32
    eff.yield %z : f32
  // CHECK-NEXT: } -> (f32)
  } -> (f32)
  // CHECK-NEXT: %l, %tape = eff.loop reverse %i_3 : !ix.idx<n> carry (%c = %z : f32) {
  %l, %tape = eff.loop reverse %i : !ix.idx<n> carry (%c = %z : f32) {
    eff.yield %z, %c : f32, f32
  // CHECK: } -> (!ix.tab<[n], f32>)
  } -> (!ix.tab<[n], f32>)
  // CHECK-NEXT: eff.loop linear reverse %i_4 : !ix.idx<n> carry (%c_1 = %z : f32) {
  %linear = eff.loop linear reverse %i : !ix.idx<n> carry (%c = %z : f32) {
    eff.yield %c : f32
  }
  // CHECK: eff.loop %i_5 : !ix.idx<n> carry (%c_2 = %z : f32) keep halving <3, n - 1, 2> {
  %kept = eff.loop %i : !ix.idx<n> carry (%c = %z : f32) keep halving <3, n - 1, 2> {
    eff.yield %c : f32
  }
  // CHECK: eff.while (%c_3 = %z : f32) {
  %end, %trips = eff.while (%c = %z : f32) {
    %q = arith.cmpf olt, %c, %a : f32
    // CHECK: eff.condition %q
    eff.condition %q
  // CHECK-NEXT: } do {
  } do {
   ^bb0(%c : f32):
    eff.yield %a : f32
  }
  func.return %a : f32
}

// CHECK-LABEL: func.func @scalars
func.func @scalars(%i : !ix.idx<n>, %k : index, %f : f32) -> index {
  ix.sizes ["n"]
  // CHECK: ix.size_of <2*n - 1>
  %s = ix.size_of <2*n - 1>
  // CHECK-NEXT: ix.open %k as "k"
  ix.open %k as "k"
  // CHECK-NEXT: ix.name %i as "p" : !ix.idx<n>
  %p = ix.name %i as "p" : !ix.idx<n>
  // CHECK-NEXT: ix.ord %p : !ix.idx<n>
  %o = ix.ord %p : !ix.idx<n>
  // CHECK-NEXT: arith.cmpi ult
  %ok = arith.cmpi ult, %o, %k : index
  // CHECK-NEXT: eff.check %ok, "IndexError" "index {0} of {1}"(%o, %k)
  eff.check %ok, "IndexError" "index {0} of {1}" (%o, %k)
  // CHECK-NEXT: ix.index (%o * 1 : index) + 0 : !ix.idx<k>
  %j = ix.index (%o * 1 : index) + 0 : !ix.idx<k>
  // CHECK-NEXT: ix.fill %f : f32 -> !ix.tab<[k, p + 1], f32>
  %t = ix.fill %f : f32 -> !ix.tab<[k, p + 1], f32>
  // CHECK-NEXT: ix.pack %f, %f : f32, f32 -> !ix.tab<[2], f32>
  %b = ix.pack %f, %f : f32, f32 -> !ix.tab<[2], f32>
  func.return %s : index
}

func.func @square(%x : !ix.tab<[n], f32>) -> f32 {
  ix.sizes ["n"]
  %c = arith.constant 0.0 : f32
  func.return %c : f32
}

// CHECK-LABEL: func.func @derivatives
func.func @derivatives(%x : !ix.tab<[m, m], f32>, %r : !ix.tab<[2*m], f32>, %one : f32) {
  ix.sizes ["m"]
  // CHECK: ix.call @square <2*m>(%r) : (!ix.tab<[2*m], f32>) -> f32
  %v = ix.call @square <2*m> (%r) : (!ix.tab<[2*m], f32>) -> f32
  // CHECK-NEXT: ad.vjp @square <2*m> wrt [0](%r : !ix.tab<[2*m], f32>) (%one : f32) -> f32, !ix.tab<[2*m], f32>
  %g:2 = ad.vjp @square <2*m> wrt [0] (%r : !ix.tab<[2*m], f32>) (%one : f32) -> f32, !ix.tab<[2*m], f32>
  // CHECK-NEXT: ad.jvp @square <2*m> wrt [0](%r : !ix.tab<[2*m], f32>) (%r : !ix.tab<[2*m], f32>) -> f32, f32
  %j:2 = ad.jvp @square <2*m> wrt [0] (%r : !ix.tab<[2*m], f32>) (%r : !ix.tab<[2*m], f32>) -> f32, f32
  // CHECK-NEXT: ad.transpose @square <2*m> wrt [0]() (%one : f32) -> !ix.tab<[2*m], f32>
  %t = ad.transpose @square <2*m> wrt [0] () (%one : f32) -> !ix.tab<[2*m], f32>
  // CHECK-NEXT: ad.checkpoint @square <2*m>(%r) : (!ix.tab<[2*m], f32>) -> f32
  %c = ad.checkpoint @square <2*m> (%r) : (!ix.tab<[2*m], f32>) -> f32
  // CHECK-NEXT: ad.stop %one : f32 -> f32
  %s = ad.stop %one : f32 -> f32
  func.return
}

// CHECK-LABEL: func.func @contractions
func.func @contractions(%x : !ix.tab<[b, n + 2], f64>, %w : !ix.tab<[k, 3], f64>, %s : !ix.idx<b>) {
  ix.sizes ["b", "n", "k"]
  %named = ix.name %s as "s" : !ix.idx<b>
  // CHECK: ix.contract [n, k, 3] %x[s, #0 + #2], %w[#1, #2] -> [#1, #0] : !ix.tab<[b, n + 2], f64>, !ix.tab<[k, 3], f64> -> !ix.tab<[k, n], f64>
  %y = ix.contract [n, k, 3] %x[s, #0 + #2], %w[#1, #2] -> [#1, #0] : !ix.tab<[b, n + 2], f64>, !ix.tab<[k, 3], f64> -> !ix.tab<[k, n], f64>
  func.return
}

// CHECK-LABEL: func.func @blocks
func.func @blocks(%x : !ix.tab<[n, d], f64>) {
  ix.sizes ["n", "d", "k", "m"]
  // CHECK: ix.blocks %{{.*}} "b" : !ix.idx<m> by k {
  // CHECK: } -> (rows !ix.tab<[n, d], f64>, sum !ix.tab<[d, d], f64>, max f64)
  %r, %s, %g = ix.blocks %b "b" : !ix.idx<m> by k {
    %c = ix.size_of <k>
    ix.open %c as "points"
    %y = ix.contract [points, d, d] %x[b*k + #0, #1], %x[b*k + #0, #2] -> [#1, #2] : !ix.tab<[n, d], f64>, !ix.tab<[n, d], f64> -> !ix.tab<[d, d], f64>
    %zero = arith.constant 0.0 : f64
    %rows = ix.fill %zero : f64 -> !ix.tab<[points, d], f64>
    ix.yield %rows, %y, %zero : !ix.tab<[points, d], f64>, !ix.tab<[d, d], f64>, f64
  } -> (rows !ix.tab<[n, d], f64>, sum !ix.tab<[d, d], f64>, max f64)
  func.return
}
