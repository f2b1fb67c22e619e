// RUN: pydex-opt %s -p ix-skip-zeros | filecheck %s

// Each direction d begins with one number that is not zero: which rows it reaches is listed, unless a factor is not finite.
// CHECK-LABEL: func.func @tangent_rows
// CHECK:         %[[T:.*]] = ix.for %d : !ix.idx<5> {
// CHECK:         } -> (tab !ix.tab<[5, 5, 2], f64>)
// CHECK:         ix.for %{{.*}} : !ix.idx<n> {
// CHECK:           math.absf
// CHECK-NEXT:      arith.constant 0x7ff0000000000000
// CHECK-NEXT:      arith.cmpf uge
// CHECK:         } -> (or i1)
// CHECK:         %[[COUNTS:.*]], %[[LISTS:.*]] = ix.for %[[D:.*]] : !ix.idx<5> {
// CHECK:           eff.loop
// CHECK:             arith.cmpf une
// CHECK:             arith.cmpf une
// CHECK-NOT:         arith.cmpf
// CHECK:         } -> (tab !ix.tab<[5], index>, tab !ix.tab<[5, 5], !ix.idx<5>>)
// CHECK:         ix.for %v : !ix.idx<n> {
// CHECK-NEXT:      ix.for %{{.*}} : !ix.idx<5> {
// CHECK-NEXT:        %[[N:.*]] = ix.at %[[COUNTS]][
// CHECK-NEXT:        ix.open %[[N]] as "[[LIVE:.*]]"
// CHECK-NEXT:        ix.for %[[K:.*]] : !ix.idx<[[LIVE]]> {
// CHECK-NEXT:          %[[P:.*]] = ix.index (%[[K]] * 1
// CHECK-NEXT:          %[[S:.*]] = ix.at %[[LISTS]][%{{.*}}, %[[P]] :
// CHECK-NEXT:          ix.at %x[%v, %[[S]] :
// CHECK:             } -> (add f64, add f64, add f64, add f64)
func.func @tangent_rows(%x : !ix.tab<[n, 5], f64>, %y : !ix.tab<[5], f64>) -> !ix.tab<[n, 5, 4], f64> {
  ix.sizes ["n"]
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %c0 = ix.index () + 0 : !ix.idx<2>
  %c1 = ix.index () + 1 : !ix.idx<2>
  %t = ix.for %d : !ix.idx<5> {
    %none = ix.fill %zero : f64 -> !ix.tab<[5], f64>
    %seed = ix.update %none[%d : !ix.idx<5>], %one : !ix.tab<[5], f64>, f64 -> !ix.tab<[5], f64>
    %rows = ix.for %s : !ix.idx<5> {
      %e = ix.at %seed[%s : !ix.idx<5>] : !ix.tab<[5], f64> -> f64
      %a = ix.at %y[%s : !ix.idx<5>] : !ix.tab<[5], f64> -> f64
      %b = arith.mulf %a, %e : f64
      %p = ix.pack %e, %b : f64, f64 -> !ix.tab<[2], f64>
      ix.yield %p : !ix.tab<[2], f64>
    } -> (tab !ix.tab<[5, 2], f64>)
    ix.yield %rows : !ix.tab<[5, 2], f64>
  } -> (tab !ix.tab<[5, 5, 2], f64>)
  %r = ix.for %v : !ix.idx<n> {
    %q = ix.for %d : !ix.idx<5> {
      %0, %1, %2, %3 = ix.for %s : !ix.idx<5> {
        %w = ix.at %x[%v, %s : !ix.idx<n>, !ix.idx<5>] : !ix.tab<[n, 5], f64> -> f64
        %a = ix.at %t[%d, %s, %c0 : !ix.idx<5>, !ix.idx<5>, !ix.idx<2>] : !ix.tab<[5, 5, 2], f64> -> f64
        %b = ix.at %t[%d, %s, %c1 : !ix.idx<5>, !ix.idx<5>, !ix.idx<2>] : !ix.tab<[5, 5, 2], f64> -> f64
        %u = ix.at %y[%s : !ix.idx<5>] : !ix.tab<[5], f64> -> f64
        %g = arith.mulf %w, %a : f64
        %h = arith.mulf %b, %w : f64
        %k = arith.mulf %u, %a : f64
        %l = arith.mulf %u, %b : f64
        ix.yield %g, %h, %k, %l : f64, f64, f64, f64
      } -> (add f64, add f64, add f64, add f64)
      %m = ix.pack %0, %1, %2, %3 : f64, f64, f64, f64 -> !ix.tab<[4], f64>
      ix.yield %m : !ix.tab<[4], f64>
    } -> (tab !ix.tab<[5, 4], f64>)
    ix.yield %q : !ix.tab<[5, 4], f64>
  } -> (tab !ix.tab<[n, 5, 4], f64>)
  func.return %r : !ix.tab<[n, 5, 4], f64>
}

// The same number begins all directions: nothing says that rows are zero.
// CHECK-LABEL: func.func @no_seed
// CHECK-NOT:     ix.open
func.func @no_seed(%x : !ix.tab<[n, 5], f64>, %y : !ix.tab<[5], f64>) -> !ix.tab<[n, 5, 4], f64> {
  ix.sizes ["n"]
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %c0 = ix.index () + 0 : !ix.idx<2>
  %c1 = ix.index () + 1 : !ix.idx<2>
  %t = ix.for %d : !ix.idx<5> {
    %z = ix.index () + 2 : !ix.idx<5>
    %none = ix.fill %zero : f64 -> !ix.tab<[5], f64>
    %seed = ix.update %none[%z : !ix.idx<5>], %one : !ix.tab<[5], f64>, f64 -> !ix.tab<[5], f64>
    %rows = ix.for %s : !ix.idx<5> {
      %e = ix.at %seed[%s : !ix.idx<5>] : !ix.tab<[5], f64> -> f64
      %a = ix.at %y[%s : !ix.idx<5>] : !ix.tab<[5], f64> -> f64
      %b = arith.mulf %a, %e : f64
      %p = ix.pack %e, %b : f64, f64 -> !ix.tab<[2], f64>
      ix.yield %p : !ix.tab<[2], f64>
    } -> (tab !ix.tab<[5, 2], f64>)
    ix.yield %rows : !ix.tab<[5, 2], f64>
  } -> (tab !ix.tab<[5, 5, 2], f64>)
  %r = ix.for %v : !ix.idx<n> {
    %q = ix.for %d : !ix.idx<5> {
      %0, %1, %2, %3 = ix.for %s : !ix.idx<5> {
        %w = ix.at %x[%v, %s : !ix.idx<n>, !ix.idx<5>] : !ix.tab<[n, 5], f64> -> f64
        %a = ix.at %t[%d, %s, %c0 : !ix.idx<5>, !ix.idx<5>, !ix.idx<2>] : !ix.tab<[5, 5, 2], f64> -> f64
        %b = ix.at %t[%d, %s, %c1 : !ix.idx<5>, !ix.idx<5>, !ix.idx<2>] : !ix.tab<[5, 5, 2], f64> -> f64
        %u = ix.at %y[%s : !ix.idx<5>] : !ix.tab<[5], f64> -> f64
        %g = arith.mulf %w, %a : f64
        %h = arith.mulf %b, %w : f64
        %k = arith.mulf %u, %a : f64
        %l = arith.mulf %u, %b : f64
        ix.yield %g, %h, %k, %l : f64, f64, f64, f64
      } -> (add f64, add f64, add f64, add f64)
      %m = ix.pack %0, %1, %2, %3 : f64, f64, f64, f64 -> !ix.tab<[4], f64>
      ix.yield %m : !ix.tab<[4], f64>
    } -> (tab !ix.tab<[5, 4], f64>)
    ix.yield %q : !ix.tab<[5, 4], f64>
  } -> (tab !ix.tab<[n, 5, 4], f64>)
  func.return %r : !ix.tab<[n, 5, 4], f64>
}
