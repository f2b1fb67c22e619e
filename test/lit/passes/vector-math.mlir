// LLVM 22 runs every function in a program without pydex: what the lowering adds to a module is plain upstream MLIR.
// REQUIRES: mlir-opt, mlir-runner
// RUN: %python %S/vector-math.py > %t
// RUN: cat %t %s | %mlir-opt -convert-vector-to-scf -convert-scf-to-cf -convert-math-to-llvm -convert-math-to-libm \
// RUN:     -convert-vector-to-llvm -convert-func-to-llvm -convert-arith-to-llvm -convert-cf-to-llvm \
// RUN:     -reconcile-unrealized-casts > %t.llvm
// RUN: %mlir-runner %t.llvm -O3 -e main --entry-point-result=f32 | filecheck %s
// RUN: filecheck %s --check-prefix=ATTRIBUTE < %t.llvm

// sin(1e300) is -0.8178819121159086 (mpmath): the far path. exp(3) and (9^0.5) are added: 20.0855 + 3 - 0.8179.
// CHECK: 2.226765e+01
// ATTRIBUTE: llvm.func internal @pdx_exp_f64{{.*}}alwaysinline

func.func @main() -> f32 {
  %three = arith.constant 3.0 : f64
  %nine = arith.constant 9.0 : f64
  %half = arith.constant 0.5 : f64
  %huge = arith.constant 1.0e300 : f64
  %e = func.call @pdx_exp_f64(%three) : (f64) -> f64
  %p = func.call @pdx_powf_f64(%nine, %half) : (f64, f64) -> f64
  %s = func.call @pdx_sin_f64(%huge) : (f64) -> f64
  %ep = arith.addf %e, %p : f64
  %sum = arith.addf %ep, %s : f64
  %f = arith.truncf %sum : f64 to f32
  return %f : f32
}
