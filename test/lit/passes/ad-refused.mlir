// What has no derivative, and what is not linear, is refused at the op, by name.
// RUN: pydex-opt %s -p ad-expand --split-input-file --verify-diagnostics

func.func private @bits(%x: f32) -> f32 {
  // expected-error@+1 {{'arith.bitcast' has no derivative (help: the bits of a float have no derivative}}
  %b = arith.bitcast %x : f32 to f32
  func.return %b : f32
}
func.func @slope(%x: f32, %v: f32) -> f32 {
  %d:2 = ad.jvp @bits<> wrt [0] (%x : f32) (%v : f32) -> f32, f32
  func.return %d#1 : f32
}

// -----

func.func private @affine(%x: f32) -> f32 {
  %one = arith.constant 1.0 : f32
  // expected-error@+1 {{the function to transpose is not linear: this combines a part that is linear in the argument with one that does not depend on it}}
  %y = arith.addf %x, %one : f32
  func.return %y : f32
}
func.func @transposed(%v: f32) -> f32 {
  %d = ad.transpose @affine<> wrt [0] () (%v : f32) -> f32
  func.return %d : f32
}

// -----

// Nor is it lost in silence where the bits are an integer.
func.func private @mantissa(%x: f32) -> f32 {
  // expected-error@+1 {{'arith.bitcast' has no derivative}}
  %b = arith.bitcast %x : f32 to i32
  %c = arith.sitofp %b : i32 to f32
  func.return %c : f32
}
func.func @slope(%x: f32, %v: f32) -> f32 {
  %d:2 = ad.vjp @mantissa<> wrt [0] (%x : f32) (%v : f32) -> f32, f32
  func.return %d#1 : f32
}

// -----

// The bits of a constant have none to lose.
func.func private @constant(%x: f32) -> f32 {
  %s = ad.stop %x : f32 -> f32
  %b = arith.bitcast %s : f32 to i32
  %c = arith.sitofp %b : i32 to f32
  %y = arith.mulf %c, %x : f32
  func.return %y : f32
}
func.func @slope(%x: f32, %v: f32) -> f32 {
  %d:2 = ad.vjp @constant<> wrt [0] (%x : f32) (%v : f32) -> f32, f32
  func.return %d#1 : f32
}
