// RUN: pydex-opt %s --split-input-file --verify-diagnostics

func.func @set(%x : !ix.tab<[n], f32>, %i : !ix.idx<m>) {
  ix.sizes ["n", "m"]
  // expected-error@+1 {{axis 0 is indexed by !ix.idx<n>, found !ix.idx<m>}}
  %v = ix.at %x[%i : !ix.idx<m>] : !ix.tab<[n], f32> -> f32
  func.return
}

// -----

func.func @element(%x : !ix.tab<[n], f32>, %i : !ix.idx<n>) {
  ix.sizes ["n"]
  // expected-error@+1 {{the element read is f32, found f64}}
  %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f32> -> f64
  func.return
}

// -----

func.func @too_many(%x : !ix.tab<[n], f32>, %i : !ix.idx<n>) {
  ix.sizes ["n"]
  // expected-error@+1 {{2 indices for a table of 1 axes}}
  %v = ix.at %x[%i, %i : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n], f32> -> f32
  func.return
}

// -----

func.func @unnamed(%x : !ix.tab<[n, #0 + 1], f32>, %i : !ix.idx<n>) {
  ix.sizes ["n"]
  // expected-error@+1 {{a later axis depends on index 0, which needs a name (ix.name)}}
  %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n, #0 + 1], f32> -> !ix.tab<[n], f32>
  func.return
}

// -----

// expected-error@+1 {{axis 0 mentions #0, which is not an earlier axis}}
func.func @forward(%x : !ix.tab<[#0 + 1], f32>) {
  func.return
}

// -----

func.func @kind(%f : f32) {
  // expected-error@+1 {{'median' is not a kind of result}}
  %r = ix.for %i : !ix.idx<10> {
    ix.yield %f : f32
  } -> (median f32)
  func.return
}

// -----

func.func @result(%f : f32) {
  // expected-error@+1 {{a 'tab' of f32 is a !ix.tab<[10], f32>, found !ix.tab<[11], f32>}}
  %r = ix.for %i : !ix.idx<10> {
    ix.yield %f : f32
  } -> (tab !ix.tab<[11], f32>)
  func.return
}

// -----

func.func @update(%x : !ix.tab<[n], f32>, %i : !ix.idx<n>, %v : f64) {
  ix.sizes ["n"]
  // expected-error@+1 {{the element written is f32, found f64}}
  %y = ix.update %x[%i : !ix.idx<n>], %v : !ix.tab<[n], f32>, f64 -> !ix.tab<[n], f32>
  func.return
}

// -----

func.func @fill(%v : f64) {
  // expected-error@+1 {{fills a table of f32 with a f64}}
  %y = ix.fill %v : f64 -> !ix.tab<[3], f32>
  func.return
}

// -----

func.func @loop(%v : f64, %w : f32) {
  // expected-error@+1 {{yields (f32) to results (f64)}}
  %y = eff.loop %i : !ix.idx<3> carry (%c = %v : f64) {
    eff.yield %w : f32
  }
  func.return
}

// -----

func.func @kept(%v : f64) {
  // expected-error@+1 {{keeps segments: their length, their number, and the steps before them}}
  %y = eff.loop %i : !ix.idx<3> carry (%c = %v : f64) keep <3, 1> {
    eff.yield %c : f64
  }
  func.return
}

// -----

func.func @policy(%v : f64) -> f64 {
  // expected-error@+1 {{a policy is sqrt, log, or a positive number of steps, found 'cube'}}
  %y = ad.checkpoint @f<> policy "cube" (%v) : (f64) -> f64
  func.return %y : f64
}

// -----

func.func @while(%v : f64, %w : f32) {
  // expected-error@+1 {{the body yields the carried values}}
  %y, %n = eff.while (%c = %v : f64) {
    %go = arith.constant true
    eff.condition %go
  } do {
   ^bb0(%c : f64):
    eff.yield %w : f32
  }
  func.return
}

// -----

func.func @monoid(%v : f64) {
  // expected-error@+1 {{'mean' is not a monoid}}
  %y = eff.accum mean (%acc = %v : f64) {
    eff.yield
  }
  func.return
}

// -----

func.func @add(%v : f64, %w : f32) {
  %y = eff.accum add (%acc = %v : f64) {
    // expected-error@+1 {{the cell is f64, found f32}}
    eff.add %acc[], %w : !eff.acc<add, f64>, f32
    eff.yield
  }
  func.return
}

// -----

func.func @message(%ok : i1, %k : index) {
  // expected-error@+1 {{a message prints at most two numbers}}
  eff.check %ok, "IndexError" "{0} {1} {2}" (%k, %k, %k)
  func.return
}

// -----

// expected-error@+1 {{identifier expected}}
func.func @syntax(%x : !ix.idx<n * >) {
  func.return
}

// -----

func.func @places(%a : !ix.tab<[n, n], f32>) {
  ix.sizes ["n"]
  // expected-error@+1 {{1 places for a table of 2 axes}}
  %c = ix.contract [n, n] %a[#0], %a[#0, #1] -> [#0] : !ix.tab<[n, n], f32>, !ix.tab<[n, n], f32> -> !ix.tab<[n], f32>
  func.return
}

// -----

func.func @not_affine(%a : !ix.tab<[n], f32>) {
  ix.sizes ["n"]
  // expected-error@+1 {{the place #0*#1 is not affine in the 2 indices}}
  %c = ix.contract [n, n] %a[#0*#1], %a[#1] -> [#0] : !ix.tab<[n], f32>, !ix.tab<[n], f32> -> !ix.tab<[n], f32>
  func.return
}

// -----

func.func @elements(%a : !ix.tab<[n], f32>, %b : !ix.tab<[n], f64>) {
  ix.sizes ["n"]
  // expected-error@+1 {{contracts tables of f32 or of f64, found f32, f64}}
  %c = ix.contract [n] %a[#0], %b[#0] -> [#0] : !ix.tab<[n], f32>, !ix.tab<[n], f64> -> !ix.tab<[n], f32>
  func.return
}
