// RUN: pydex-opt %s -p verify-scope --split-input-file --verify-diagnostics

// Everything is in scope here: names of loops in their bodies, of opened sizes behind them.
func.func @fine(%x : !ix.tab<[n, #0 + 1], f64>, %k : index) -> f64 {
  ix.sizes ["n"]
  ix.open %k as "k"
  %c = arith.constant 1.0 : f64
  %s = ix.for %i "i" : !ix.idx<n> {
    %r = ix.for %j : !ix.idx<i + 1> {
      %t = ix.fill %c : f64 -> !ix.tab<[k, i], f64>
      %v = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<i + 1>] : !ix.tab<[n, #0 + 1], f64> -> f64
      ix.yield %v : f64
    } -> (add f64)
    ix.yield %r : f64
  } -> (add f64)
  func.return %s : f64
}

// -----

func.func @early(%x : f64) -> f64 {
  // expected-error@+1 {{'arith.addf': %a, the result of 'arith.addf', is used where it is not in scope}}
  %b = arith.addf %a, %x : f64
  %a = arith.addf %x, %x : f64
  func.return %b : f64
}

// -----

// expected-error@+1 {{size symbol 'n' in (!ix.tab<[n], f64>) -> () is not defined before}}
func.func @unknown(%x : !ix.tab<[n], f64>) {
  func.return
}

// -----

func.func @twice(%k : index) {
  ix.open %k as "k"
  // expected-error@+1 {{'ix.open': size symbol 'k' is defined a second time}}
  ix.open %k as "k"
  func.return
}

// -----

func.func @loops(%k : index) {
  ix.open %k as "k"
  ix.for %i "i" : !ix.idx<k> {
    ix.yield
  }
  // expected-error@+1 {{'ix.for': size symbol 'i' is defined a second time}}
  ix.for %i "i" : !ix.idx<k> {
    ix.yield
  }
  func.return
}

// -----

func.func @behind(%k : index) {
  ix.open %k as "k"
  ix.for %i "i" : !ix.idx<k> {
    ix.yield
  }
  // expected-error@+1 {{'ix.size_of': size symbol 'i' in i + 1 is defined elsewhere}}
  %s = ix.size_of <i + 1>
  func.return
}

// -----

func.func @early_size(%k : index) {
  // expected-error@+1 {{'ix.for': size symbol 'k' in !ix.idx<k> is not defined before}}
  ix.for %i : !ix.idx<k> {
    ix.yield
  }
  ix.open %k as "k"
  func.return
}
