// RUN: pydex-opt %s -p ix-fuse,dce | filecheck %s

// Producer and consumer over one set become one loop, at all levels; what lies between them vanishes.
// CHECK-LABEL: func.func @chain
// CHECK: ix.for %{{.*}} : !ix.idx<n> {
// CHECK-NEXT: ix.for %{{.*}} : !ix.idx<m> {
// CHECK: math.exp
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: ix.yield
// CHECK-NEXT: } -> (add f64)
// CHECK-NEXT: ix.at %y
// CHECK-NOT: ix.for
// CHECK: } -> (tab !ix.tab<[n], f64>, add f64)
func.func @chain(%x : !ix.tab<[n, m], f64>, %y : !ix.tab<[n], f64>) -> (!ix.tab<[n], f64>, f64) {
  ix.sizes ["n", "m"]
  %a = ix.for %i : !ix.idx<n> {
    %r = ix.for %j : !ix.idx<m> {
      %v = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
      %w = math.exp %v : f64
      ix.yield %w : f64
    } -> (tab !ix.tab<[m], f64>)
    ix.yield %r : !ix.tab<[m], f64>
  } -> (tab !ix.tab<[n, m], f64>)
  %b = ix.for %i : !ix.idx<n> {
    %r = ix.for %j : !ix.idx<m> {
      %v = ix.at %a[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
      %w = arith.mulf %v, %v : f64
      ix.yield %w : f64
    } -> (add f64)
    ix.yield %r : f64
  } -> (tab !ix.tab<[n], f64>)
  %s = ix.for %i : !ix.idx<n> {
    %v = ix.at %b[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %z = ix.at %y[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %w = arith.mulf %v, %z : f64
    ix.yield %w : f64
  } -> (add f64)
  func.return %b, %s : !ix.tab<[n], f64>, f64
}

// A dear body is inlined where each element is read once, in whatever order ...
// CHECK-LABEL: func.func @backwards
// CHECK-COUNT-1: ix.for
// CHECK-NOT: ix.for
// CHECK: return
func.func @backwards(%x : !ix.tab<[n], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %a = ix.for %i : !ix.idx<n> {
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %w = math.exp %v : f64
    ix.yield %w : f64
  } -> (tab !ix.tab<[n], f64>)
  %b = ix.for %i : !ix.idx<n> {
    %k = ix.index (%i * -1 : !ix.idx<n>) + n - 1 : !ix.idx<n>
    %v = ix.at %a[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    ix.yield %v : f64
  } -> (tab !ix.tab<[n], f64>)
  func.return %b : !ix.tab<[n], f64>
}

// ... and not where it would be computed again: here twice an element, here n times.
// CHECK-LABEL: func.func @again
// CHECK-COUNT-2: math.exp
// CHECK-NOT: math.exp
// CHECK: return
func.func @again(%x : !ix.tab<[n + 1], f64>, %y : !ix.tab<[n], f64>) -> (!ix.tab<[n], f64>, f64) {
  ix.sizes ["n"]
  %a = ix.for %i : !ix.idx<n + 1> {
    %v = ix.at %x[%i : !ix.idx<n + 1>] : !ix.tab<[n + 1], f64> -> f64
    %w = math.exp %v : f64
    ix.yield %w : f64
  } -> (tab !ix.tab<[n + 1], f64>)
  %b = ix.for %i : !ix.idx<n> {
    %j = ix.index (%i * 1 : !ix.idx<n>) + 0 : !ix.idx<n + 1>
    %k = ix.index (%i * 1 : !ix.idx<n>) + 1 : !ix.idx<n + 1>
    %u = ix.at %a[%j : !ix.idx<n + 1>] : !ix.tab<[n + 1], f64> -> f64
    %v = ix.at %a[%k : !ix.idx<n + 1>] : !ix.tab<[n + 1], f64> -> f64
    %w = arith.addf %u, %v : f64
    ix.yield %w : f64
  } -> (tab !ix.tab<[n], f64>)
  %c = ix.for %i : !ix.idx<n> {
    %v = ix.at %y[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %w = math.exp %v : f64
    ix.yield %w : f64
  } -> (tab !ix.tab<[n], f64>)
  %s = ix.for %i : !ix.idx<n> {
    %t = ix.for %j : !ix.idx<n> {
      %u = ix.at %b[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %v = ix.at %c[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %w = arith.mulf %u, %v : f64
      ix.yield %w : f64
    } -> (add f64)
    ix.yield %t : f64
  } -> (add f64)
  func.return %b, %s : !ix.tab<[n], f64>, f64
}

// A cheap body is inlined everywhere, into a sequential loop too; a dear one is not moved into that.
// CHECK-LABEL: func.func @into_sequential
// CHECK: ix.for
// CHECK: math.exp
// CHECK-NOT: ix.for
// CHECK: eff.loop
// CHECK: ix.at %x
// CHECK-NEXT: arith.mulf
// CHECK-NOT: math.exp
// CHECK: return
func.func @into_sequential(%x : !ix.tab<[n], f64>, %s : f64) -> f64 {
  ix.sizes ["n"]
  %a = ix.for %i : !ix.idx<n> {
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %w = arith.mulf %v, %s : f64
    ix.yield %w : f64
  } -> (tab !ix.tab<[n], f64>)
  %b = ix.for %i : !ix.idx<n> {
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %w = math.exp %v : f64
    ix.yield %w : f64
  } -> (tab !ix.tab<[n], f64>)
  %r = eff.loop %i : !ix.idx<n> carry (%c = %s : f64) {
    %u = ix.at %a[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %v = ix.at %b[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %c1 = arith.mulf %c, %u : f64
    %c2 = arith.addf %c1, %v : f64
    eff.yield %c2 : f64
  }
  func.return %r : f64
}

// A sum is needed whole before the second loop can start: a path between them, or a reduction that is read.
// CHECK-LABEL: func.func @dependent
// CHECK-COUNT-2: ix.for
// CHECK: return
func.func @dependent(%x : !ix.tab<[n], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %s = ix.for %i : !ix.idx<n> {
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    ix.yield %v : f64
  } -> (add f64)
  %e = math.exp %s : f64
  %b = ix.for %i : !ix.idx<n> {
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %w = arith.divf %v, %e : f64
    ix.yield %w : f64
  } -> (tab !ix.tab<[n], f64>)
  func.return %b : !ix.tab<[n], f64>
}

// A loop joins the one inside an accumulation; what the region does not need leaves it.
// CHECK-LABEL: func.func @accumulation
// CHECK: math.sin
// CHECK: eff.accum
// CHECK-NEXT: ix.for
// CHECK: math.exp
// CHECK-NOT: math.exp
// CHECK: eff.yield
// CHECK-NOT: ix.for
// CHECK: return
func.func @accumulation(%x : !ix.tab<[n], f64>, %b : !ix.tab<[n], !ix.idx<k>>, %h0 : !ix.tab<[k], f64>, %y : f64) -> (f64, !ix.tab<[k], f64>) {
  ix.sizes ["n", "k"]
  %s = ix.for %i : !ix.idx<n> {
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    ix.yield %v : f64
  } -> (add f64)
  %h = eff.accum add (%acc = %h0 : !ix.tab<[k], f64>) {
    %z = math.sin %y : f64
    ix.for %i : !ix.idx<n> {
      %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %w = math.exp %v : f64
      %u = arith.mulf %w, %z : f64
      %c = ix.at %b[%i : !ix.idx<n>] : !ix.tab<[n], !ix.idx<k>> -> !ix.idx<k>
      eff.add %acc[%c : !ix.idx<k>], %u : !eff.acc<add, !ix.tab<[k], f64>>, f64
      ix.yield
    }
    eff.yield
  }
  func.return %s, %h : f64, !ix.tab<[k], f64>
}

// A matrix product stays whole.
// CHECK-LABEL: func.func @product
// CHECK: } -> (tab !ix.tab<[n, n], f64>)
// CHECK-NEXT: %{{.*}} = ix.for
// CHECK: return
func.func @product(%a : !ix.tab<[n, n], f64>, %b : !ix.tab<[n, n], f64>) -> (!ix.tab<[n, n], f64>, !ix.tab<[n, n], f64>) {
  ix.sizes ["n"]
  %c = ix.for %i : !ix.idx<n> {
    %r = ix.for %j : !ix.idx<n> {
      %s = ix.for %k : !ix.idx<n> {
        %x = ix.at %a[%i, %k : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f64> -> f64
        %y = ix.at %b[%k, %j : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f64> -> f64
        %z = arith.mulf %x, %y : f64
        ix.yield %z : f64
      } -> (add f64)
      ix.yield %s : f64
    } -> (tab !ix.tab<[n], f64>)
    ix.yield %r : !ix.tab<[n], f64>
  } -> (tab !ix.tab<[n, n], f64>)
  %d = ix.for %i : !ix.idx<n> {
    %r = ix.for %j : !ix.idx<n> {
      %x = ix.at %a[%i, %j : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f64> -> f64
      %y = math.exp %x : f64
      ix.yield %y : f64
    } -> (tab !ix.tab<[n], f64>)
    ix.yield %r : !ix.tab<[n], f64>
  } -> (tab !ix.tab<[n, n], f64>)
  func.return %c, %d : !ix.tab<[n, n], f64>, !ix.tab<[n, n], f64>
}

// Two loops that may raise keep the order of their failures.
// CHECK-LABEL: func.func @failures
// CHECK-COUNT-2: ix.for
// CHECK: return
func.func @failures(%x : !ix.tab<[n], i1>) {
  ix.sizes ["n"]
  ix.for %i : !ix.idx<n> {
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], i1> -> i1
    eff.check %v, "ValueError" "first"
    ix.yield
  }
  %true = arith.constant true
  ix.for %i : !ix.idx<n> {
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], i1> -> i1
    %w = arith.xori %v, %true : i1
    eff.check %w, "ValueError" "second"
    ix.yield
  }
  func.return
}

// Branches on one condition are one.
// CHECK-LABEL: func.func @branches
// CHECK: scf.if %c -> (f64, f64) {
// CHECK-NEXT: %[[E:.*]] = math.exp
// CHECK-NEXT: %[[S:.*]] = arith.addf %[[E]], %[[E]]
// CHECK-NEXT: scf.yield %[[E]], %[[S]]
// CHECK-NOT: scf.if
// CHECK: return
func.func @branches(%x : f64, %c : i1) -> (f64, f64) {
  %a = scf.if %c -> (f64) {
    %e = math.exp %x : f64
    scf.yield %e : f64
  } else {
    scf.yield %x : f64
  }
  %b = scf.if %c -> (f64) {
    %e = arith.addf %a, %a : f64
    scf.yield %e : f64
  } else {
    scf.yield %x : f64
  }
  func.return %a, %b : f64, f64
}
