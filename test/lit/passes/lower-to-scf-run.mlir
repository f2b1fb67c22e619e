// Executed by mlir-runner: loops, ragged tables, accumulators, updates in place, `while`, branches, swapped rows of a table.
// The program that calls it, in upstream dialects, is lower-to-scf-run.main.
// REQUIRES: mlir-opt, mlir-runner
// RUN: pydex-opt %s -p ix-own,lower-to-scf | sed -e 1d -e '$d' > %t
// RUN: cat %t %S/lower-to-scf-run.main \
// RUN:   | %mlir-opt -convert-scf-to-cf -expand-strided-metadata -lower-affine -convert-math-to-llvm -finalize-memref-to-llvm \
// RUN:       -convert-func-to-llvm -convert-arith-to-llvm -convert-cf-to-llvm -reconcile-unrealized-casts \
// RUN:   | %mlir-runner -e main --entry-point-result=f32 | filecheck %s
// CHECK: 1.062500e+02

func.func @program(%x: !ix.tab<[n], f64>) -> (!ix.tab<[n], f64>, f64, index) {
  ix.sizes ["n"]
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %limit = arith.constant 100.0 : f64

  // triangle[i, j] = x[i] * x[j], and histogram[i] = sum over j <= i
  %tri = ix.for %i "i" : !ix.idx<n> {
    %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %row = ix.for %j : !ix.idx<i + 1> {
      %k = ix.index (%j * 1 : !ix.idx<i + 1>) + 0 : !ix.idx<n>
      %b = ix.at %x[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %p = arith.mulf %a, %b : f64
      ix.yield %p : f64
    } -> (tab !ix.tab<[i + 1], f64>)
    ix.yield %row : !ix.tab<[i + 1], f64>
  } -> (tab !ix.tab<[n, #0 + 1], f64>)
  %start = ix.fill %zero : f64 -> !ix.tab<[n], f64>
  %sums = eff.accum add (%acc = %start : !ix.tab<[n], f64>) {
    ix.for %i "k" : !ix.idx<n> {
      ix.for %j : !ix.idx<k + 1> {
        %v = ix.at %tri[%i, %j : !ix.idx<n>, !ix.idx<k + 1>] : !ix.tab<[n, #0 + 1], f64> -> f64
        eff.add %acc[%i : !ix.idx<n>], %v : !eff.acc<add, !ix.tab<[n], f64>>, f64
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }

  // prefix sums in place, then doubled until the last one is beyond the limit
  %prefix, %total = eff.loop %i : !ix.idx<n> carry (%t = %sums : !ix.tab<[n], f64>, %s = %zero : f64) {
    %v = ix.at %t[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %s1 = arith.addf %s, %v : f64
    %t1 = ix.update %t[%i : !ix.idx<n>], %s1 : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
    eff.yield %t1, %s1 : !ix.tab<[n], f64>, f64
  }
  %big, %last, %trips = eff.while (%t = %prefix : !ix.tab<[n], f64>, %s = %total : f64) {
    %go = arith.cmpf olt, %s, %limit : f64
    eff.condition %go
  } do {
  ^bb0(%t: !ix.tab<[n], f64>, %s: f64):
    %t1 = ix.for %i : !ix.idx<n> {
      %v = ix.at %t[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %w = arith.addf %v, %v : f64
      ix.yield %w : f64
    } -> (tab !ix.tab<[n], f64>)
    %s1 = arith.addf %s, %s : f64
    eff.yield %t1, %s1 : !ix.tab<[n], f64>, f64
  }
  %many = arith.constant 1 : index
  %c = arith.cmpi ugt, %trips, %many : index
  %result = scf.if %c -> (!ix.tab<[n], f64>) {
    scf.yield %big : !ix.tab<[n], f64>
  } else {
    scf.yield %x : !ix.tab<[n], f64>
  }
  func.return %result, %last, %trips : !ix.tab<[n], f64>, f64, index
}
