// Programs that the tests run before and after passes. The sizes of each are given random values, arguments random
// contents; a function `@name` is one case.

// ------------------------------------------------------------------------------------------------ calls and numbers
func.func private @scale(%t : !ix.tab<[a], f64>, %s : f64) -> !ix.tab<[a], f64> {
  ix.sizes ["a"]
  %r = ix.for %i "i" : !ix.idx<a> {
    %v = ix.at %t[%i : !ix.idx<a>] : !ix.tab<[a], f64> -> f64
    %w = arith.mulf %v, %s : f64
    ix.yield %w : f64
  } -> (tab !ix.tab<[a], f64>)
  func.return %r : !ix.tab<[a], f64>
}
func.func private @twice(%t : !ix.tab<[b + 1], f64>) -> f64 {
  ix.sizes ["b"]
  %two = arith.constant 2.0 : f64
  %r = ix.call @scale<b + 1>(%t, %two) : (!ix.tab<[b + 1], f64>, f64) -> !ix.tab<[b + 1], f64>
  %k = ix.index () + b : !ix.idx<b + 1>
  %v = ix.at %r[%k : !ix.idx<b + 1>] : !ix.tab<[b + 1], f64> -> f64
  func.return %v : f64
}
func.func @calls(%x : !ix.tab<[n, 2*n + 1], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %r = ix.for %i : !ix.idx<n> {
    %row = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n, 2*n + 1], f64> -> !ix.tab<[2*n + 1], f64>
    %a = ix.call @twice<2*n>(%row) : (!ix.tab<[2*n + 1], f64>) -> f64
    %b = ad.checkpoint @twice<2*n>(%row) : (!ix.tab<[2*n + 1], f64>) -> f64
    %s = arith.addf %a, %b : f64
    ix.yield %s : f64
  } -> (tab !ix.tab<[n], f64>)
  func.return %r : !ix.tab<[n], f64>
}
func.func @scalars(%x : f64, %y : f64, %c : i1, %k : i32, %f : f32) -> (f64, f64, f64, f64, f64, i32, f32, i1, f64) {
  %zero = arith.constant 0.0 : f64
  %minus = arith.constant -0.0 : f64
  %one = arith.constant 1.0 : f64
  %mone = arith.constant -1.0 : f64
  %four = arith.constant 4.0 : f64
  %two = arith.constant 2.0 : f64
  %a1 = arith.mulf %x, %one : f64
  %a2 = arith.addf %a1, %minus : f64
  %a3 = arith.subf %a2, %zero : f64
  %a4 = arith.mulf %mone, %a3 : f64
  %a5 = arith.negf %a4 : f64
  %b1 = arith.divf %y, %four : f64
  %b2 = arith.negf %y : f64
  %b3 = arith.subf %b1, %b2 : f64
  %b4 = arith.addf %b3, %zero : f64
  %p1 = math.powf %x, %two : f64
  %p2 = math.powf %p1, %one : f64
  %m1 = arith.mulf %x, %zero : f64
  %true = arith.constant true
  %s1 = arith.select %true, %x, %y : f64
  %s2 = arith.select %c, %s1, %s1 : f64
  %k0 = arith.constant 0 : i32
  %k3 = arith.constant 2147483647 : i32
  %k4 = arith.addi %k3, %k3 : i32
  %k5 = arith.addi %k4, %k : i32
  %k6 = arith.addi %k5, %k0 : i32
  %w = arith.extf %f : f32 to f64
  %f1 = arith.truncf %w : f64 to f32
  %q = arith.cmpi slt, %k4, %k0 : i32
  %q2 = arith.cmpf olt, %two, %four : f64
  %q3 = arith.andi %q, %q2 : i1
  %q4 = arith.xori %c, %true : i1
  %q5 = arith.xori %q4, %true : i1
  %q6 = arith.andi %q3, %q5 : i1
  %d1 = arith.divf %b2, %a4 : f64
  func.return %a5, %b4, %p2, %m1, %s2, %k6, %f1, %q6, %d1 : f64, f64, f64, f64, f64, i32, f32, i1, f64
}
func.func @branches(%x : f64, %c : i1) -> (f64, f64) {
  %true = arith.constant true
  %a = scf.if %true -> (f64) {
    %v = math.exp %x : f64
    scf.yield %v : f64
  } else {
    scf.yield %x : f64
  }
  %b, %unused = scf.if %c -> (f64, f64) {
    %v = math.exp %x : f64
    %w = math.sin %x : f64
    scf.yield %v, %w : f64, f64
  } else {
    %w = math.cos %x : f64
    scf.yield %a, %w : f64, f64
  }
  func.return %a, %b : f64, f64
}

// ------------------------------------------------------------------------------------------------ indices and tables
func.func @tables(%x : !ix.tab<[n + 2], f64>, %v : f64) -> (f64, f64, f64, f64, f64, index) {
  ix.sizes ["n"]
  %one = arith.constant 1 : index
  %i0 = ix.index () + 0 : !ix.idx<n + 2>
  %i1 = ix.index (%one * 1 : index) + 0 : !ix.idx<n + 2>
  %last = ix.index (%i0 * -1 : !ix.idx<n + 2>) + n + 1 : !ix.idx<n + 2>
  %u = ix.update %x[%i0 : !ix.idx<n + 2>], %v : !ix.tab<[n + 2], f64>, f64 -> !ix.tab<[n + 2], f64>
  %a = ix.at %u[%i0 : !ix.idx<n + 2>] : !ix.tab<[n + 2], f64> -> f64
  %b = ix.at %u[%i1 : !ix.idx<n + 2>] : !ix.tab<[n + 2], f64> -> f64
  %c = ix.at %u[%last : !ix.idx<n + 2>] : !ix.tab<[n + 2], f64> -> f64
  %f = ix.fill %v : f64 -> !ix.tab<[n, 2], f64>
  %p = ix.pack %a, %b, %c : f64, f64, f64 -> !ix.tab<[3], f64>
  %k2 = ix.index () + 2 : !ix.idx<3>
  %d = ix.at %p[%k2 : !ix.idx<3>] : !ix.tab<[3], f64> -> f64
  %s = ix.for %i : !ix.idx<n> {
    %row = ix.at %f[%i : !ix.idx<n>] : !ix.tab<[n, 2], f64> -> !ix.tab<[2], f64>
    %k = ix.index () + 1 : !ix.idx<2>
    %e = ix.at %row[%k : !ix.idx<2>] : !ix.tab<[2], f64> -> f64
    ix.yield %e : f64
  } -> (add f64)
  %o = ix.ord %i1 : !ix.idx<n + 2>
  func.return %a, %b, %c, %d, %s, %o : f64, f64, f64, f64, f64, index
}
func.func @opened(%x : !ix.tab<[n], f64>) -> (f64, f64) {
  ix.sizes ["n"]
  %n = ix.size_of <n>
  ix.open %n as "q"
  ix.open %n as "r"
  %a = ix.for %i "i" : !ix.idx<q> {
    %k = ix.index (%i * 1 : !ix.idx<q>) + 0 : !ix.idx<n>
    %v = ix.at %x[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    ix.yield %v : f64
  } -> (add f64)
  %three = arith.constant 3 : index
  ix.open %three as "t"
  %b = ix.for %i : !ix.idx<t> {
    %s = ix.for %j : !ix.idx<r> {
      ix.yield %a : f64
    } -> (add f64)
    ix.yield %s : f64
  } -> (add f64)
  func.return %a, %b : f64, f64
}
func.func @once(%x : !ix.tab<[n], f64>, %t : !ix.tab<[1], f64>) -> (f64, !ix.tab<[1], f64>, !ix.tab<[1], f64>, f64, f64) {
  ix.sizes ["n"]
  %c = arith.constant 2.0 : f64
  %s, %a, %o = ix.for %i "i" : !ix.idx<1> own (%t1 = %t : !ix.tab<[1], f64>) {
    %r = ix.for %j : !ix.idx<i + n> {
      %k = ix.index (%j * 1 : !ix.idx<i + n>) + 0 : !ix.idx<n>
      %v = ix.at %x[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      ix.yield %v : f64
    } -> (add f64)
    %t2 = ix.update %t1[%i : !ix.idx<1>], %r : !ix.tab<[1], f64>, f64 -> !ix.tab<[1], f64>
    ix.yield %r, %r, %t2 : f64, f64, !ix.tab<[1], f64>
  } -> (add f64, tab !ix.tab<[1], f64>, own !ix.tab<[1], f64>)
  %l = eff.loop %i : !ix.idx<1> carry (%q = %c : f64) {
    %q1 = arith.mulf %q, %q : f64
    eff.yield %q1 : f64
  }
  %z = eff.loop %i : !ix.idx<0> carry (%q = %c : f64) {
    %q1 = arith.mulf %q, %q : f64
    eff.yield %q1 : f64
  }
  func.return %s, %a, %o, %l, %z : f64, !ix.tab<[1], f64>, !ix.tab<[1], f64>, f64, f64
}
func.func @named(%x : !ix.tab<[n, #0 + 1], f64>) -> !ix.tab<[n, #0 + 1], f64> {
  ix.sizes ["n"]
  %r = ix.for %i : !ix.idx<n> {
    %k = ix.name %i as "k" : !ix.idx<n>
    %row = ix.for %j : !ix.idx<k + 1> {
      %rev = ix.index (%j * -1 : !ix.idx<k + 1>) + k : !ix.idx<k + 1>
      %v = ix.at %x[%k, %rev : !ix.idx<n>, !ix.idx<k + 1>] : !ix.tab<[n, #0 + 1], f64> -> f64
      ix.yield %v : f64
    } -> (tab !ix.tab<[k + 1], f64>)
    %s = ix.for %j : !ix.idx<k + 1> {
      %v = ix.at %row[%j : !ix.idx<k + 1>] : !ix.tab<[k + 1], f64> -> f64
      ix.yield %v : f64
    } -> (add f64)
    %out = ix.for %j "j" : !ix.idx<n> {
      ix.yield %s : f64
    } -> (tab !ix.tab<[n], f64>)
    ix.yield %out : !ix.tab<[n], f64>
  } -> (tab !ix.tab<[n, n], f64>)
  %t = ix.for %i "m" : !ix.idx<n> {
    %row = ix.for %j : !ix.idx<m + 1> {
      %jj = ix.index (%j * 1 : !ix.idx<m + 1>) + 0 : !ix.idx<n>
      %v = ix.at %r[%i, %jj : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f64> -> f64
      ix.yield %v : f64
    } -> (tab !ix.tab<[m + 1], f64>)
    ix.yield %row : !ix.tab<[m + 1], f64>
  } -> (tab !ix.tab<[n, #0 + 1], f64>)
  func.return %t : !ix.tab<[n, #0 + 1], f64>
}

// ------------------------------------------------------------------------------------------------ checks and effects
func.func @checked(%x : !ix.tab<[n], f64>, %k : !ix.tab<[n], i64>) -> (f64, f64) {
  ix.sizes ["n"]
  %size = ix.size_of <n>
  %zero = arith.constant 0 : index
  %s = ix.for %i : !ix.idx<n> {
    %v = ix.at %k[%i : !ix.idx<n>] : !ix.tab<[n], i64> -> i64
    %p = arith.index_cast %v : i64 to index
    %ok = arith.cmpi ult, %p, %size : index
    eff.check %ok, "IndexError" "{0} is not below {1}"(%p, %size)
    %j = ix.index (%p * 1 : index) + 0 : !ix.idx<n>
    %e = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    ix.yield %e : f64
  } -> (add f64)
  %t = ix.for %i : !ix.idx<n> {
    %v = ix.at %k[%i : !ix.idx<n>] : !ix.tab<[n], i64> -> i64
    %p = arith.index_cast %v : i64 to index
    %ok = arith.cmpi ult, %p, %size : index
    eff.check %ok, "IndexError" "{0} is not below {1}"(%p, %size)
    eff.check %ok, "IndexError" "again: {0} is not below {1}"(%p, %size)
    %j = ix.index (%p * 1 : index) + 0 : !ix.idx<n>
    %e = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    ix.yield %e : f64
  } -> (add f64)
  func.return %s, %t : f64, f64
}
func.func @dead(%x : !ix.tab<[n], f64>, %c : i1) -> (f64, f64, index) {
  ix.sizes ["n"]
  %one = arith.constant 1.0 : f64
  %lim = arith.constant 20.0 : f64
  %z = ix.fill %one : f64 -> !ix.tab<[n], f64>
  %h, %h2, %extra = eff.accum add, add (%a = %z : !ix.tab<[n], f64>, %b = %one : f64) {
    %s, %t = ix.for %i : !ix.idx<n> {
      %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      eff.add %a[%i : !ix.idx<n>], %v : !eff.acc<add, !ix.tab<[n], f64>>, f64
      eff.add %b[], %v : !eff.acc<add, f64>, f64
      %e = math.exp %v : f64
      ix.yield %v, %e : f64, f64
    } -> (add f64, add f64)
    eff.yield %s : f64
  } -> (f64)
  %p, %q, %tape = eff.loop %i : !ix.idx<n> carry (%u = %one : f64, %w = %one : f64) {
    %u1 = arith.addf %u, %u : f64
    %w1 = arith.mulf %w, %u : f64
    eff.yield %u1, %w1, %w : f64, f64, f64
  } -> (!ix.tab<[n], f64>)
  %m, %k, %trips = eff.while (%u = %one : f64, %w = %one : f64) {
    %go = arith.cmpf olt, %u, %lim : f64
    eff.condition %go
  } do {
  ^bb0(%u : f64, %w : f64):
    %u1 = arith.addf %u, %u : f64
    %w1 = arith.mulf %w, %u : f64
    eff.yield %u1, %w1 : f64, f64
  }
  func.return %h2, %p, %trips : f64, f64, index
}

// ------------------------------------------------------------------------------------------------ fusion
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
func.func @transposed(%x : !ix.tab<[n, m], f64>) -> !ix.tab<[m, n], f64> {
  ix.sizes ["n", "m"]
  %a = ix.for %i : !ix.idx<n> {
    %r = ix.for %j : !ix.idx<m> {
      %v = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
      %w = math.exp %v : f64
      ix.yield %w : f64
    } -> (tab !ix.tab<[m], f64>)
    ix.yield %r : !ix.tab<[m], f64>
  } -> (tab !ix.tab<[n, m], f64>)
  %b = ix.for %j : !ix.idx<m> {
    %r = ix.for %i : !ix.idx<n> {
      %v = ix.at %a[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
      ix.yield %v : f64
    } -> (tab !ix.tab<[n], f64>)
    ix.yield %r : !ix.tab<[n], f64>
  } -> (tab !ix.tab<[m, n], f64>)
  func.return %b : !ix.tab<[m, n], f64>
}
func.func @window(%x : !ix.tab<[n + 1], f64>, %d : f64) -> (!ix.tab<[n], f64>, !ix.tab<[n], f64>) {
  ix.sizes ["n"]
  %cheap = ix.for %i : !ix.idx<n + 1> {
    %v = ix.at %x[%i : !ix.idx<n + 1>] : !ix.tab<[n + 1], f64> -> f64
    %w = arith.mulf %v, %d : f64
    ix.yield %w : f64
  } -> (tab !ix.tab<[n + 1], f64>)
  %dear = ix.for %i : !ix.idx<n + 1> {
    %v = ix.at %x[%i : !ix.idx<n + 1>] : !ix.tab<[n + 1], f64> -> f64
    %w = math.exp %v : f64
    ix.yield %w : f64
  } -> (tab !ix.tab<[n + 1], f64>)
  %r, %q = ix.for %i : !ix.idx<n> {
    %j = ix.index (%i * 1 : !ix.idx<n>) + 0 : !ix.idx<n + 1>
    %k = ix.index (%i * 1 : !ix.idx<n>) + 1 : !ix.idx<n + 1>
    %a = ix.at %cheap[%j : !ix.idx<n + 1>] : !ix.tab<[n + 1], f64> -> f64
    %b = ix.at %cheap[%k : !ix.idx<n + 1>] : !ix.tab<[n + 1], f64> -> f64
    %c = ix.at %dear[%j : !ix.idx<n + 1>] : !ix.tab<[n + 1], f64> -> f64
    %e = ix.at %dear[%k : !ix.idx<n + 1>] : !ix.tab<[n + 1], f64> -> f64
    %s = arith.addf %a, %b : f64
    %t = arith.addf %c, %e : f64
    ix.yield %s, %t : f64, f64
  } -> (tab !ix.tab<[n], f64>, tab !ix.tab<[n], f64>)
  func.return %r, %q : !ix.tab<[n], f64>, !ix.tab<[n], f64>
}
func.func @softmax(%x : !ix.tab<[n], f64>) -> (!ix.tab<[n], f64>, f64) {
  ix.sizes ["n"]
  %e = ix.for %i : !ix.idx<n> {
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %w = math.exp %v : f64
    ix.yield %w : f64
  } -> (tab !ix.tab<[n], f64>)
  %s = ix.for %i : !ix.idx<n> {
    %v = ix.at %e[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    ix.yield %v : f64
  } -> (add f64)
  %p = ix.for %i : !ix.idx<n> {
    %v = ix.at %e[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %w = arith.divf %v, %s : f64
    ix.yield %w : f64
  } -> (tab !ix.tab<[n], f64>)
  %q = ix.for %i : !ix.idx<n> {
    %v = ix.at %p[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %w = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %z = arith.mulf %v, %w : f64
    ix.yield %z : f64
  } -> (add f64)
  func.return %p, %q : !ix.tab<[n], f64>, f64
}
func.func @triangle(%x : !ix.tab<[n], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %t = ix.for %i "i" : !ix.idx<n> {
    %r = ix.for %j : !ix.idx<i + 1> {
      %k = ix.index (%j * 1 : !ix.idx<i + 1>) + 0 : !ix.idx<n>
      %v = ix.at %x[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %w = math.exp %v : f64
      ix.yield %w : f64
    } -> (tab !ix.tab<[i + 1], f64>)
    ix.yield %r : !ix.tab<[i + 1], f64>
  } -> (tab !ix.tab<[n, #0 + 1], f64>)
  %s = ix.for %i "k" : !ix.idx<n> {
    %r = ix.for %j : !ix.idx<k + 1> {
      %v = ix.at %t[%i, %j : !ix.idx<n>, !ix.idx<k + 1>] : !ix.tab<[n, #0 + 1], f64> -> f64
      ix.yield %v : f64
    } -> (add f64)
    ix.yield %r : f64
  } -> (tab !ix.tab<[n], f64>)
  func.return %s : !ix.tab<[n], f64>
}
func.func @owned(%x : !ix.tab<[n], f64>, %y : !ix.tab<[n], f64>) -> (!ix.tab<[n], f64>, f64, !ix.tab<[n], f64>) {
  ix.sizes ["n"]
  %o = ix.for %i : !ix.idx<n> own (%t = %x : !ix.tab<[n], f64>) {
    %v = ix.at %t[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %w = math.exp %v : f64
    %u = ix.update %t[%i : !ix.idx<n>], %w : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
    ix.yield %u : !ix.tab<[n], f64>
  } -> (own !ix.tab<[n], f64>)
  %s = ix.for %i : !ix.idx<n> {
    %v = ix.at %o[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %w = ix.at %y[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %z = arith.mulf %v, %w : f64
    ix.yield %z : f64
  } -> (add f64)
  %q = ix.for %i : !ix.idx<n> own (%t = %o : !ix.tab<[n], f64>) {
    %v = ix.at %t[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %w = arith.mulf %v, %s : f64
    %u = ix.update %t[%i : !ix.idx<n>], %w : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
    ix.yield %u : !ix.tab<[n], f64>
  } -> (own !ix.tab<[n], f64>)
  func.return %o, %s, %q : !ix.tab<[n], f64>, f64, !ix.tab<[n], f64>
}
func.func @invariant(%x : !ix.tab<[n], f64>, %y : !ix.tab<[n, n], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %t = ix.for %i : !ix.idx<n> {
    %s = ix.for %j : !ix.idx<n> {
      %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %e = math.exp %v : f64
      %k = ix.index () + 0 : !ix.idx<n>
      %f = ix.at %x[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %w = ix.at %y[%i, %j : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f64> -> f64
      %q = arith.mulf %w, %e : f64
      %q1 = arith.mulf %q, %f : f64
      ix.yield %q1 : f64
    } -> (add f64)
    %m, %top = ix.for %j : !ix.idx<n> {
      %v = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %e = math.exp %v : f64
      ix.yield %e, %e : f64, f64
    } -> (add f64, max f64)
    %o = arith.addf %s, %m : f64
    %p = arith.addf %o, %top : f64
    ix.yield %p : f64
  } -> (tab !ix.tab<[n], f64>)
  func.return %t : !ix.tab<[n], f64>
}

// ------------------------------------------------------------------------------------------------ accumulation
func.func @tri_gradient(%x : !ix.tab<[n], f64>, %w : !ix.tab<[n], f64>, %ct : f64) -> (!ix.tab<[n], f64>, !ix.tab<[n], f64>) {
  ix.sizes ["n"]
  %c = arith.constant 0.0 : f64
  %z = ix.fill %c : f64 -> !ix.tab<[n], f64>
  %gx, %gw = eff.accum add, add (%ax = %z : !ix.tab<[n], f64>, %aw = %z : !ix.tab<[n], f64>) {
    ix.for %i "i" : !ix.idx<n> {
      %xi = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      ix.for %j : !ix.idx<i> {
        %jj = ix.index (%j * 1 : !ix.idx<i>) + 0 : !ix.idx<n>
        %xj = ix.at %x[%jj : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %wj = ix.at %w[%jj : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %d = arith.subf %xi, %xj : f64
        %dd = arith.mulf %d, %d : f64
        %nd = arith.negf %dd : f64
        %e = math.exp %nd : f64
        %ge = arith.mulf %e, %ct : f64
        eff.add %aw[%jj : !ix.idx<n>], %ge : !eff.acc<add, !ix.tab<[n], f64>>, f64
        %t = arith.mulf %ge, %wj : f64
        %t2 = arith.mulf %t, %d : f64
        %t3 = arith.addf %t2, %t2 : f64
        %t4 = arith.negf %t3 : f64
        eff.add %ax[%jj : !ix.idx<n>], %t3 : !eff.acc<add, !ix.tab<[n], f64>>, f64
        eff.add %ax[%i : !ix.idx<n>], %t4 : !eff.acc<add, !ix.tab<[n], f64>>, f64
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %gx, %gw : !ix.tab<[n], f64>, !ix.tab<[n], f64>
}
func.func @starting(%x : !ix.tab<[n], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %c = arith.constant 0.0 : f64
  %z = ix.fill %c : f64 -> !ix.tab<[n], f64>
  %g = eff.accum add (%a = %z : !ix.tab<[n], f64>) {
    ix.for %i "i" : !ix.idx<n> {
      %xi = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      ix.for %j : !ix.idx<n - i> {
        %jj = ix.index (%j * 1 : !ix.idx<n - i>, %i * 1 : !ix.idx<n>) + 0 : !ix.idx<n>
        %xj = ix.at %x[%jj : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %d = arith.mulf %xi, %xj : f64
        %e = math.exp %d : f64
        eff.add %a[%jj : !ix.idx<n>], %e : !eff.acc<add, !ix.tab<[n], f64>>, f64
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %g : !ix.tab<[n], f64>
}
func.func @stencil_gradient(%g : !ix.tab<[n + 1, m + 1], f64>, %old : !ix.tab<[n + 2, m + 1], f64>) -> !ix.tab<[n + 2, m + 1], f64> {
  ix.sizes ["n", "m"]
  %r = eff.accum add (%a = %old : !ix.tab<[n + 2, m + 1], f64>) {
    ix.for %i : !ix.idx<n + 1> {
      ix.for %j : !ix.idx<m + 1> {
        %v = ix.at %g[%i, %j : !ix.idx<n + 1>, !ix.idx<m + 1>] : !ix.tab<[n + 1, m + 1], f64> -> f64
        %p = ix.index (%i * 1 : !ix.idx<n + 1>) + 0 : !ix.idx<n + 2>
        %q = ix.index (%i * 1 : !ix.idx<n + 1>) + 1 : !ix.idx<n + 2>
        %k = ix.index (%j * -1 : !ix.idx<m + 1>) + m : !ix.idx<m + 1>
        %w = math.exp %v : f64
        eff.add %a[%p, %j : !ix.idx<n + 2>, !ix.idx<m + 1>], %v : !eff.acc<add, !ix.tab<[n + 2, m + 1], f64>>, f64
        eff.add %a[%q, %k : !ix.idx<n + 2>, !ix.idx<m + 1>], %w : !eff.acc<add, !ix.tab<[n + 2, m + 1], f64>>, f64
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %r : !ix.tab<[n + 2, m + 1], f64>
}
func.func @convolution_gradient(%g : !ix.tab<[n], f64>, %w : !ix.tab<[3], f64>) -> !ix.tab<[n + 2], f64> {
  ix.sizes ["n"]
  %c = arith.constant 0.0 : f64
  %z = ix.fill %c : f64 -> !ix.tab<[n + 2], f64>
  %r = eff.accum add (%a = %z : !ix.tab<[n + 2], f64>) {
    ix.for %i : !ix.idx<n> {
      %v = ix.at %g[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      ix.for %k : !ix.idx<3> {
        %u = ix.at %w[%k : !ix.idx<3>] : !ix.tab<[3], f64> -> f64
        %p = ix.index (%i * 1 : !ix.idx<n>, %k * 1 : !ix.idx<3>) + 0 : !ix.idx<n + 2>
        %vu = arith.mulf %v, %u : f64
        eff.add %a[%p : !ix.idx<n + 2>], %vu : !eff.acc<add, !ix.tab<[n + 2], f64>>, f64
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %r : !ix.tab<[n + 2], f64>
}
func.func @matmul_gradient(%a : !ix.tab<[n, k], f64>, %b : !ix.tab<[k, m], f64>, %c : !ix.tab<[n, m], f64>) -> (!ix.tab<[n, k], f64>, !ix.tab<[k, m], f64>) {
  ix.sizes ["n", "k", "m"]
  %zero = arith.constant 0.0 : f64
  %za = ix.fill %zero : f64 -> !ix.tab<[n, k], f64>
  %zb = ix.fill %zero : f64 -> !ix.tab<[k, m], f64>
  %ga, %gb = eff.accum add, add (%aa = %za : !ix.tab<[n, k], f64>, %ab = %zb : !ix.tab<[k, m], f64>) {
    ix.for %i : !ix.idx<n> {
      ix.for %j : !ix.idx<m> {
        %ct = ix.at %c[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
        ix.for %l : !ix.idx<k> {
          %av = ix.at %a[%i, %l : !ix.idx<n>, !ix.idx<k>] : !ix.tab<[n, k], f64> -> f64
          %bv = ix.at %b[%l, %j : !ix.idx<k>, !ix.idx<m>] : !ix.tab<[k, m], f64> -> f64
          %p = arith.mulf %ct, %bv : f64
          %q = arith.mulf %ct, %av : f64
          eff.add %aa[%i, %l : !ix.idx<n>, !ix.idx<k>], %p : !eff.acc<add, !ix.tab<[n, k], f64>>, f64
          eff.add %ab[%l, %j : !ix.idx<k>, !ix.idx<m>], %q : !eff.acc<add, !ix.tab<[k, m], f64>>, f64
          ix.yield
        }
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %ga, %gb : !ix.tab<[n, k], f64>, !ix.tab<[k, m], f64>
}
func.func @row_gradient(%x : !ix.tab<[n, m], f64>, %c : f64) -> !ix.tab<[n, m], f64> {
  ix.sizes ["n", "m"]
  %zero = arith.constant 0.0 : f64
  %z = ix.fill %zero : f64 -> !ix.tab<[n, m], f64>
  %g = eff.accum add (%a = %z : !ix.tab<[n, m], f64>) {
    ix.for %i : !ix.idx<n> {
      %row = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n, m], f64> -> !ix.tab<[m], f64>
      %zr = ix.fill %zero : f64 -> !ix.tab<[m], f64>
      %gr = eff.accum add (%ar = %zr : !ix.tab<[m], f64>) {
        %s = ix.for %j : !ix.idx<m> {
          %v = ix.at %row[%j : !ix.idx<m>] : !ix.tab<[m], f64> -> f64
          %e = math.exp %v : f64
          ix.yield %e : f64
        } -> (add f64)
        ix.for %j : !ix.idx<m> {
          %v = ix.at %row[%j : !ix.idx<m>] : !ix.tab<[m], f64> -> f64
          %e = math.exp %v : f64
          %q = arith.divf %e, %s : f64
          %qc = arith.mulf %q, %c : f64
          eff.add %ar[%j : !ix.idx<m>], %qc : !eff.acc<add, !ix.tab<[m], f64>>, f64
          ix.yield
        }
        eff.yield
      }
      eff.add %a[%i : !ix.idx<n>], %gr : !eff.acc<add, !ix.tab<[n, m], f64>>, !ix.tab<[m], f64>
      ix.yield
    }
    eff.yield
  }
  func.return %g : !ix.tab<[n, m], f64>
}
func.func @scalar_sums(%x : !ix.tab<[n, m], f64>, %c : f64, %on : !ix.tab<[n], i1>) -> (f64, f64, f64) {
  ix.sizes ["n", "m"]
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %s, %p, %q = eff.accum add, mul, add (%a = %zero : f64, %b = %c : f64, %d = %one : f64) {
    ix.for %i : !ix.idx<n> {
      %on_i = ix.at %on[%i : !ix.idx<n>] : !ix.tab<[n], i1> -> i1
      scf.if %on_i {
        eff.add %b[], %c : !eff.acc<mul, f64>, f64
        scf.yield
      }
      ix.for %j : !ix.idx<m> {
        %v = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
        eff.add %a[], %v : !eff.acc<add, f64>, f64
        ix.yield
      }
      %l = eff.loop reverse %j : !ix.idx<m> carry (%u = %one : f64) {
        %v = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
        %u1 = arith.mulf %u, %v : f64
        eff.add %d[], %u1 : !eff.acc<add, f64>, f64
        eff.yield %u1 : f64
      }
      eff.add %a[], %l : !eff.acc<add, f64>, f64
      ix.yield
    }
    eff.yield
  }
  func.return %s, %p, %q : f64, f64, f64
}
func.func @histogram(%x : !ix.tab<[n], f64>, %b : !ix.tab<[n], !ix.idx<k + 1>>, %r : !ix.tab<[n, m], !ix.idx<k + 1>>) -> (!ix.tab<[k + 1], f64>, !ix.tab<[n, k + 1], f64>, f64) {
  ix.sizes ["n", "m", "k"]
  %zero = arith.constant 0.0 : f64
  %z = ix.fill %zero : f64 -> !ix.tab<[k + 1], f64>
  %z2 = ix.fill %zero : f64 -> !ix.tab<[n, k + 1], f64>
  %s = ix.for %i : !ix.idx<n> {
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %w = math.exp %v : f64
    ix.yield %w : f64
  } -> (add f64)
  %h, %h2 = eff.accum add, add (%acc = %z : !ix.tab<[k + 1], f64>, %acc2 = %z2 : !ix.tab<[n, k + 1], f64>) {
    ix.for %i : !ix.idx<n> {
      %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %w = math.exp %v : f64
      %c = ix.at %b[%i : !ix.idx<n>] : !ix.tab<[n], !ix.idx<k + 1>> -> !ix.idx<k + 1>
      eff.add %acc[%c : !ix.idx<k + 1>], %w : !eff.acc<add, !ix.tab<[k + 1], f64>>, f64
      ix.for %j : !ix.idx<m> {
        %e = ix.at %r[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], !ix.idx<k + 1>> -> !ix.idx<k + 1>
        eff.add %acc2[%i, %e : !ix.idx<n>, !ix.idx<k + 1>], %w : !eff.acc<add, !ix.tab<[n, k + 1], f64>>, f64
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %h, %h2, %s : !ix.tab<[k + 1], f64>, !ix.tab<[n, k + 1], f64>, f64
}
func.func @pairwise_gradient(%x : !ix.tab<[n], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %zero = arith.constant 0.0 : f64
  %z = ix.fill %zero : f64 -> !ix.tab<[n], f64>
  %g = eff.accum add (%a = %z : !ix.tab<[n], f64>) {
    ix.for %i : !ix.idx<n> {
      %xi = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %f = ix.for %j : !ix.idx<n> {
        %xj = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %d = arith.subf %xi, %xj : f64
        %e = math.sin %d : f64
        ix.yield %e : f64
      } -> (add f64)
      ix.for %j : !ix.idx<n> {
        %xj = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %d = arith.subf %xi, %xj : f64
        %e = math.cos %d : f64
        %fe = arith.mulf %f, %e : f64
        %m = arith.negf %fe : f64
        eff.add %a[%i : !ix.idx<n>], %fe : !eff.acc<add, !ix.tab<[n], f64>>, f64
        eff.add %a[%j : !ix.idx<n>], %m : !eff.acc<add, !ix.tab<[n], f64>>, f64
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %g : !ix.tab<[n], f64>
}
func.func @bptt(%x : !ix.tab<[n, m], f64>, %w : !ix.tab<[m], f64>) -> (!ix.tab<[n, m], f64>, !ix.tab<[m], f64>, f64) {
  ix.sizes ["n", "m"]
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %zx = ix.fill %zero : f64 -> !ix.tab<[n, m], f64>
  %zw = ix.fill %zero : f64 -> !ix.tab<[m], f64>
  %gx, %gw, %last = eff.accum add, add (%ax = %zx : !ix.tab<[n, m], f64>, %aw = %zw : !ix.tab<[m], f64>) {
    %l = eff.loop reverse %t : !ix.idx<n> carry (%c = %one : f64) {
      %s = ix.for %j : !ix.idx<m> {
        %v = ix.at %x[%t, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
        %u = ix.at %w[%j : !ix.idx<m>] : !ix.tab<[m], f64> -> f64
        %vu = arith.mulf %v, %u : f64
        %cu = arith.mulf %c, %u : f64
        %cv = arith.mulf %c, %v : f64
        eff.add %ax[%t, %j : !ix.idx<n>, !ix.idx<m>], %cu : !eff.acc<add, !ix.tab<[n, m], f64>>, f64
        eff.add %aw[%j : !ix.idx<m>], %cv : !eff.acc<add, !ix.tab<[m], f64>>, f64
        ix.yield %vu : f64
      } -> (add f64)
      %c1 = arith.mulf %c, %s : f64
      eff.yield %c1 : f64
    }
    eff.yield %l : f64
  } -> (f64)
  func.return %gx, %gw, %last : !ix.tab<[n, m], f64>, !ix.tab<[m], f64>, f64
}

// One loop goes inside of others (ix-sink); parts of loops and of branches leave them (licm).
func.func @directions(%x : !ix.tab<[n], f64>, %y : !ix.tab<[3], f64>) -> !ix.tab<[n, 3], f64> {
  ix.sizes ["n"]
  %r = ix.for %d : !ix.idx<3> {
    %s = ix.at %y[%d : !ix.idx<3>] : !ix.tab<[3], f64> -> f64
    %t = ix.for %k : !ix.idx<2> {
      %q = arith.mulf %s, %s : f64
      ix.yield %q : f64
    } -> (tab !ix.tab<[2], f64>)
    %zero = ix.index () + 0 : !ix.idx<2>
    %u = ix.for %v : !ix.idx<n> {
      %a = ix.at %x[%v : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %e = math.exp %a : f64
      %b = ix.at %t[%zero : !ix.idx<2>] : !ix.tab<[2], f64> -> f64
      %m = arith.mulf %e, %b : f64
      %p = arith.addf %m, %s : f64
      ix.yield %p : f64
    } -> (tab !ix.tab<[n], f64>)
    %w = ix.for %j : !ix.idx<n> {
      %a = ix.at %u[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %m = arith.mulf %a, %s : f64
      ix.yield %m : f64
    } -> (tab !ix.tab<[n], f64>)
    ix.yield %w : !ix.tab<[n], f64>
  } -> (tab !ix.tab<[3, n], f64>)
  %o = ix.for %j : !ix.idx<n> {
    %row = ix.for %d : !ix.idx<3> {
      %v = ix.at %r[%d, %j : !ix.idx<3>, !ix.idx<n>] : !ix.tab<[3, n], f64> -> f64
      ix.yield %v : f64
    } -> (tab !ix.tab<[3], f64>)
    ix.yield %row : !ix.tab<[3], f64>
  } -> (tab !ix.tab<[n, 3], f64>)
  func.return %o : !ix.tab<[n, 3], f64>
}

func.func @shared_parts(%x : !ix.tab<[n], f64>, %zero : f64) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %t = ix.for %i : !ix.idx<n> {
    %f = ix.fill %zero : f64 -> !ix.tab<[n], f64>
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %p, %q = eff.loop %j : !ix.idx<n> carry (%c = %f : !ix.tab<[n], f64>, %d = %v : f64) {
      %w = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %u = ix.update %c[%j : !ix.idx<n>], %w : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
      %o = ix.at %u[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %e = arith.mulf %d, %o : f64
      eff.yield %u, %e : !ix.tab<[n], f64>, f64
    }
    %s, %r = ix.for %j : !ix.idx<n> {
      %w = ix.at %p[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %m = arith.mulf %w, %v : f64
      ix.yield %w, %m : f64, f64
    } -> (add f64, add f64)
    %a = arith.addf %s, %r : f64
    %b = arith.addf %a, %q : f64
    ix.yield %b : f64
  } -> (tab !ix.tab<[n], f64>)
  func.return %t : !ix.tab<[n], f64>
}

func.func @shared_branches(%x : !ix.tab<[n], f64>, %a : f64, %c : i1) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %t = ix.for %i : !ix.idx<n> {
    %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %r = scf.if %c -> (f64) {
      %s = math.sqrt %a : f64
      %m = arith.mulf %v, %s : f64
      scf.yield %m : f64
    } else {
      %m = arith.mulf %v, %a : f64
      scf.yield %m : f64
    }
    %d = arith.cmpf olt, %v, %r : f64
    %q = scf.if %d -> (f64) {
      %s = math.exp %a : f64
      scf.yield %s : f64
    } else {
      scf.yield %r : f64
    }
    ix.yield %q : f64
  } -> (tab !ix.tab<[n], f64>)
  func.return %t : !ix.tab<[n], f64>
}

func.func @low_bits(%limit : i8, %x : i64) -> (i8, i8, i64) {
  %zero = arith.constant 300 : i64
  %step = arith.constant 77 : i64
  %c, %trips = eff.while (%a = %zero : i64) {
    %b = arith.trunci %a : i64 to i8
    %more = arith.cmpi slt, %b, %limit : i8
    eff.condition %more
  } do {
  ^bb0(%a : i64):
    %e = arith.addi %a, %step : i64
    eff.yield %e : i64
  }
  %t = arith.trunci %c : i64 to i8
  %f = eff.loop %i : !ix.idx<9> carry (%a = %x : i64) {
    %b = arith.muli %a, %step : i64
    %narrow = arith.trunci %b : i64 to i8
    %positive = arith.cmpi sgt, %narrow, %limit : i8
    %d = arith.subi %b, %x : i64
    %e = arith.xori %a, %d : i64
    %g = arith.select %positive, %d, %e : i64
    eff.yield %g : i64
  }
  %u = arith.trunci %f : i64 to i8
  %wide = eff.loop %j : !ix.idx<9> carry (%a = %x : i64) {
    %b = arith.muli %a, %step : i64
    %d = arith.trunci %b : i64 to i8
    %e = arith.extsi %d : i8 to i64
    %g = arith.addi %b, %e : i64
    eff.yield %g : i64
  }
  func.return %t, %u, %wide : i8, i8, i64
}

func.func @shared_terms(%x : !ix.tab<[n, m], f64>) -> (!ix.tab<[n, m], f64>, !ix.tab<[n], f64>) {
  ix.sizes ["n", "m"]
  %r, %u = ix.for %i "o" : !ix.idx<n> {
    %s = ix.for %j : !ix.idx<m> {
      %a = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
      %e = math.exp %a : f64
      %b = math.cos %e : f64
      %c = arith.addf %b, %e : f64
      ix.yield %c : f64
    } -> (add f64)
    %t = ix.for %k : !ix.idx<m> {
      %a = ix.at %x[%i, %k : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
      %e = math.exp %a : f64
      %b = math.cos %e : f64
      %c = arith.mulf %b, %s : f64
      ix.yield %c : f64
    } -> (tab !ix.tab<[m], f64>)
    %v = ix.for %k : !ix.idx<m> {
      %a = ix.at %x[%i, %k : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
      %b = ix.at %t[%k : !ix.idx<m>] : !ix.tab<[m], f64> -> f64
      %e = math.exp %a : f64
      %c = arith.mulf %b, %e : f64
      ix.yield %c : f64
    } -> (add f64)
    %p = ix.for %k : !ix.idx<o> {
      %w = math.exp %v : f64
      ix.yield %w : f64
    } -> (add f64)
    %q = ix.for %k : !ix.idx<o> {
      %w = math.exp %v : f64
      %z = arith.mulf %w, %p : f64
      ix.yield %z : f64
    } -> (add f64)
    %y = arith.addf %p, %q : f64
    ix.yield %t, %y : !ix.tab<[m], f64>, f64
  } -> (tab !ix.tab<[n, m], f64>, tab !ix.tab<[n], f64>)
  func.return %r, %u : !ix.tab<[n, m], f64>, !ix.tab<[n], f64>
}

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
