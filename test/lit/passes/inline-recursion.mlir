// RUN: pydex-opt %s -p inline --split-input-file --verify-diagnostics

// expected-error@+1 {{recursion: @f -> @g -> @f}}
func.func @f(%x : f64) -> f64 {
  %a = ix.call @g<>(%x) : (f64) -> f64
  func.return %a : f64
}
func.func private @g(%x : f64) -> f64 {
  %a = ix.call @f<>(%x) : (f64) -> f64
  func.return %a : f64
}

// -----

func.func @h(%x : f64) -> f64 {
  // expected-error@+1 {{there is no body of function @nowhere}}
  %a = ix.call @nowhere<>(%x) : (f64) -> f64
  func.return %a : f64
}
