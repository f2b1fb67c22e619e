// Contractions without a library, executed by mlir-runner: windows of a vector, and their transpose, which adds several
// terms to one cell. The program that calls it is contract-run.main.
// REQUIRES: mlir-opt, mlir-runner
// RUN: pydex-opt %s -p ix-own,lower-to-scf | sed -e 1d -e '$d' > %t
// RUN: cat %t %S/contract-run.main \
// RUN:   | %mlir-opt -convert-scf-to-cf -expand-strided-metadata -lower-affine -finalize-memref-to-llvm \
// RUN:       -convert-func-to-llvm -convert-arith-to-llvm -convert-cf-to-llvm -reconcile-unrealized-casts \
// RUN:   | %mlir-runner -e main --entry-point-result=f32 | filecheck %s
// CHECK: 2.420242e+06

func.func @program(%x: !ix.tab<[n + 1], f32>, %w: !ix.tab<[k, 2], f32>) -> !ix.tab<[n + 1], f32> {
  ix.sizes ["n", "k"]
  %y = ix.contract [k, n, 2] %w[#0, #2], %x[#1 + #2] -> [#0, #1] : !ix.tab<[k, 2], f32>, !ix.tab<[n + 1], f32> -> !ix.tab<[k, n], f32>
  %z = ix.contract [k, n, 2] %w[#0, #2], %y[#0, #1] -> [#1 + #2] : !ix.tab<[k, 2], f32>, !ix.tab<[k, n], f32> -> !ix.tab<[n + 1], f32>
  func.return %z : !ix.tab<[n + 1], f32>
}
