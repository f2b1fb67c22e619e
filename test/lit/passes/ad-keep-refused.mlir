// RUN: pydex-opt %s -p ad-keep --split-input-file --verify-diagnostics

// The states that are kept leave the accumulation; a size that is made inside of it cannot.
func.func private @f(%x: f64, %t: !ix.tab<[3], f64>) -> !ix.tab<[3], f64> {
  %one = arith.constant 1.0 : f64
  %i = ix.index () + 0 : !ix.idx<3>
  %h = eff.accum add (%acc = %t : !ix.tab<[3], f64>) {
    // expected-error@+1 {{how often this loop runs is known only while something is accumulated, so no policy can be kept (help: give the loop a function of its own}}
    %r, %n = eff.while (%c = %x : f64) {
      %go = arith.cmpf ogt, %c, %one : f64
      eff.condition %go
    } do {
    ^bb0(%c: f64):
      eff.add %acc[%i : !ix.idx<3>], %c : !eff.acc<add, !ix.tab<[3], f64>>, f64
      %d = arith.subf %c, %one : f64
      eff.yield %d : f64
    }
    eff.yield
  }
  func.return %h : !ix.tab<[3], f64>
}
func.func private @kept(%x: f64, %t: !ix.tab<[3], f64>) -> !ix.tab<[3], f64> {
  %h = ad.checkpoint @f<> policy "sqrt" (%x, %t) : (f64, !ix.tab<[3], f64>) -> !ix.tab<[3], f64>
  func.return %h : !ix.tab<[3], f64>
}
func.func @gradient(%x: f64, %t: !ix.tab<[3], f64>) -> f64 {
  %h, %d = ad.vjp @kept<> wrt [0] (%x, %t : f64, !ix.tab<[3], f64>) (%t : !ix.tab<[3], f64>) -> !ix.tab<[3], f64>, f64
  func.return %d : f64
}
