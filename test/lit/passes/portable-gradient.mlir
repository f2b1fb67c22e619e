// A gradient through all passes, executed by mlir-runner: d/dx of  sum over j < i of w[j] exp(-(x[i] - x[j])²)
// at x = (0, 1), w = (1, 2) is (2/e, -2/e), and d/dw is (1/e, 0). The caller adds gx[0] - gx[1] + gw[0] = 5/e.
// REQUIRES: mlir-opt, mlir-runner
// RUN: pydex-opt %s -p portable | sed -e 1d -e '$d' > %t
// RUN: cat %t %S/portable-gradient.main \
// RUN:   | %mlir-opt -convert-scf-to-cf -expand-strided-metadata -lower-affine -convert-math-to-libm \
// RUN:       -convert-math-to-llvm -finalize-memref-to-llvm -convert-func-to-llvm -convert-arith-to-llvm \
// RUN:       -convert-cf-to-llvm -reconcile-unrealized-casts \
// RUN:   | %mlir-runner -e main --entry-point-result=f32 | filecheck %s
// CHECK: 1.839397e+00

func.func private @f(%x: !ix.tab<[n], f64>, %w: !ix.tab<[n], f64>) -> f64 {
  ix.sizes ["n"]
  %s = ix.for %i "i" : !ix.idx<n> {
    %xi = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %r = ix.for %j : !ix.idx<i> {
      %k = ix.index (%j * 1 : !ix.idx<i>) + 0 : !ix.idx<n>
      %xj = ix.at %x[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %wj = ix.at %w[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %d = arith.subf %xi, %xj : f64
      %square = arith.mulf %d, %d : f64
      %minus = arith.negf %square : f64
      %e = math.exp %minus : f64
      %p = arith.mulf %wj, %e : f64
      ix.yield %p : f64
    } -> (add f64)
    ix.yield %r : f64
  } -> (add f64)
  func.return %s : f64
}

func.func @gradient(%x: !ix.tab<[n], f64>, %w: !ix.tab<[n], f64>) -> (!ix.tab<[n], f64>, !ix.tab<[n], f64>) {
  ix.sizes ["n"]
  %one = arith.constant 1.0 : f64
  %v, %gx, %gw = ad.vjp @f<n> wrt [0, 1] (%x, %w : !ix.tab<[n], f64>, !ix.tab<[n], f64>) (%one : f64)
    -> f64, !ix.tab<[n], f64>, !ix.tab<[n], f64>
  func.return %gx, %gw : !ix.tab<[n], f64>, !ix.tab<[n], f64>
}
