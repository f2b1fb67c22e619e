// RUN: pydex-opt %s -p accum-to-table,simplify | filecheck %s

// Owned axes are tables, a scalar is a sum, a start value that is not zero is combined.
// CHECK-LABEL: func.func @owned
// CHECK-NOT: eff.accum
// CHECK: ix.for %i
// CHECK: ix.for %j
// CHECK: } -> (add f64, tab !ix.tab<[m], f64>)
// CHECK: } -> (add f64, tab !ix.tab<[n, m], f64>)
// CHECK: arith.addf %c, %{{.*}} : f64
// CHECK: return
func.func @owned(%x : !ix.tab<[n, m], f64>, %c : f64) -> (!ix.tab<[n, m], f64>, f64) {
  ix.sizes ["n", "m"]
  %zero = arith.constant 0.0 : f64
  %z = ix.fill %zero : f64 -> !ix.tab<[n, m], f64>
  %g, %s = eff.accum add, add (%a = %z : !ix.tab<[n, m], f64>, %b = %c : f64) {
    ix.for %i : !ix.idx<n> {
      ix.for %j : !ix.idx<m> {
        %v = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
        %e = math.exp %v : f64
        eff.add %a[%i, %j : !ix.idx<n>, !ix.idx<m>], %e : !eff.acc<add, !ix.tab<[n, m], f64>>, f64
        eff.add %b[], %v : !eff.acc<add, f64>, f64
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %g, %s : !ix.tab<[n, m], f64>, f64
}

// Owned by i, summed over j: a table of sums.
// CHECK-LABEL: func.func @row_sums
// CHECK-NOT: eff.accum
// CHECK: ix.for %i
// CHECK-NEXT: ix.for %j
// CHECK: } -> (add f64)
// CHECK-NEXT: ix.yield
// CHECK-NEXT: } -> (tab !ix.tab<[n], f64>)
func.func @row_sums(%x : !ix.tab<[n, m], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n", "m"]
  %zero = arith.constant 0.0 : f64
  %z = ix.fill %zero : f64 -> !ix.tab<[n], f64>
  %g = eff.accum add (%a = %z : !ix.tab<[n], f64>) {
    ix.for %i : !ix.idx<n> {
      ix.for %j : !ix.idx<m> {
        %v = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
        eff.add %a[%i : !ix.idx<n>], %v : !eff.acc<add, !ix.tab<[n], f64>>, f64
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %g : !ix.tab<[n], f64>
}

// Owned by the inner loop, summed over the outer one: the loops change places.
// CHECK-LABEL: func.func @column_sums
// CHECK-NOT: eff.accum
// CHECK: ix.for %[[P:.*]] "{{.*}}" : !ix.idx<m>
// CHECK-NEXT: ix.for %[[I:.*]] "{{.*}}" : !ix.idx<n>
// CHECK-NEXT: ix.at %x[%[[I]], %[[P]]
// CHECK: } -> (add f64)
// CHECK: } -> (tab !ix.tab<[m], f64>)
func.func @column_sums(%x : !ix.tab<[n, m], f64>) -> !ix.tab<[m], f64> {
  ix.sizes ["n", "m"]
  %zero = arith.constant 0.0 : f64
  %z = ix.fill %zero : f64 -> !ix.tab<[m], f64>
  %g = eff.accum add (%a = %z : !ix.tab<[m], f64>) {
    ix.for %i : !ix.idx<n> {
      ix.for %j : !ix.idx<m> {
        %v = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
        eff.add %a[%j : !ix.idx<m>], %v : !eff.acc<add, !ix.tab<[m], f64>>, f64
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %g : !ix.tab<[m], f64>
}

// ... but not if something dear per row would be computed for each column: that stays an accumulator.
// CHECK-LABEL: func.func @dear_rows
// CHECK: eff.accum
// CHECK: math.exp
// CHECK: eff.add
func.func @dear_rows(%x : !ix.tab<[n, m], f64>, %y : !ix.tab<[n], f64>) -> !ix.tab<[m], f64> {
  ix.sizes ["n", "m"]
  %zero = arith.constant 0.0 : f64
  %z = ix.fill %zero : f64 -> !ix.tab<[m], f64>
  %g = eff.accum add (%a = %z : !ix.tab<[m], f64>) {
    ix.for %i : !ix.idx<n> {
      %s = ix.for %j : !ix.idx<m> {
        %v = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
        %w = math.exp %v : f64
        ix.yield %w : f64
      } -> (add f64)
      ix.for %j : !ix.idx<m> {
        %v = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
        %w = arith.mulf %v, %s : f64
        eff.add %a[%j : !ix.idx<m>], %w : !eff.acc<add, !ix.tab<[m], f64>>, f64
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %g : !ix.tab<[m], f64>
}

// A pair of a triangle, scattered to both ends: each end gathers, over shortened loops, without tests.
// CHECK-LABEL: func.func @triangle
// CHECK-NOT: eff.accum
// CHECK-NOT: scf.if
// CHECK: ix.for %{{.*}} : !ix.idx<i>
// CHECK-NOT: scf.if
// CHECK: ix.for %{{.*}} "{{.*}}" : !ix.idx<n - [[P:p.[0-9]+]] - 1>
// CHECK-NEXT: ix.index ({{.*}}) + 1 : !ix.idx<n>
// CHECK-NOT: scf.if
// CHECK: return
func.func @triangle(%x : !ix.tab<[n], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %zero = arith.constant 0.0 : f64
  %z = ix.fill %zero : f64 -> !ix.tab<[n], f64>
  %g = eff.accum add (%a = %z : !ix.tab<[n], f64>) {
    ix.for %i "i" : !ix.idx<n> {
      ix.for %j : !ix.idx<i> {
        %k = ix.index (%j * 1 : !ix.idx<i>) + 0 : !ix.idx<n>
        %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %w = ix.at %x[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %d = arith.subf %v, %w : f64
        %e = math.exp %d : f64
        eff.add %a[%i : !ix.idx<n>], %e : !eff.acc<add, !ix.tab<[n], f64>>, f64
        eff.add %a[%k : !ix.idx<n>], %d : !eff.acc<add, !ix.tab<[n], f64>>, f64
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %g : !ix.tab<[n], f64>
}

// ... but where both ends need the exponential of the pair, neighbours are added to where it is.
// CHECK-LABEL: func.func @dear_pairs
// CHECK: eff.accum
// CHECK: math.exp
// CHECK: eff.add
// CHECK: ix.yield {{.*}} : f64
// CHECK-NEXT: } -> (add f64)
// CHECK-NOT: math.exp
// CHECK: return
func.func @dear_pairs(%x : !ix.tab<[n], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %zero = arith.constant 0.0 : f64
  %z = ix.fill %zero : f64 -> !ix.tab<[n], f64>
  %g = eff.accum add (%a = %z : !ix.tab<[n], f64>) {
    ix.for %i "i" : !ix.idx<n> {
      ix.for %j : !ix.idx<i> {
        %k = ix.index (%j * 1 : !ix.idx<i>) + 0 : !ix.idx<n>
        %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %w = ix.at %x[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %d = arith.subf %v, %w : f64
        %e = math.exp %d : f64
        eff.add %a[%i : !ix.idx<n>], %e : !eff.acc<add, !ix.tab<[n], f64>>, f64
        eff.add %a[%k : !ix.idx<n>], %e : !eff.acc<add, !ix.tab<[n], f64>>, f64
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %g : !ix.tab<[n], f64>
}

// A stencil: each cell asks whether it has the neighbour, outside of the loop over the other axis.
// CHECK-LABEL: func.func @stencil
// CHECK-NOT: eff.accum
// CHECK: ix.for %{{.*}} "[[P:p.[0-9]+]]" : !ix.idx<n + 1>
// CHECK: ix.size_of <[[P]] - 1>
// CHECK: arith.cmpi sge
// CHECK: scf.if
// CHECK: ix.index ({{.*}}) + -1 : !ix.idx<n>
// CHECK: return
func.func @stencil(%g : !ix.tab<[n], f64>) -> !ix.tab<[n + 1], f64> {
  ix.sizes ["n"]
  %zero = arith.constant 0.0 : f64
  %z = ix.fill %zero : f64 -> !ix.tab<[n + 1], f64>
  %r = eff.accum add (%a = %z : !ix.tab<[n + 1], f64>) {
    ix.for %i : !ix.idx<n> {
      %v = ix.at %g[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %k = ix.index (%i * 1 : !ix.idx<n>) + 1 : !ix.idx<n + 1>
      eff.add %a[%k : !ix.idx<n + 1>], %v : !eff.acc<add, !ix.tab<[n + 1], f64>>, f64
      ix.yield
    }
    eff.yield
  }
  func.return %r : !ix.tab<[n + 1], f64>
}

// A sum per row is kept in a table where that is as long as the result: the pairs are gathered from both sides.
// CHECK-LABEL: func.func @pairs
// CHECK-NOT: eff.accum
// CHECK: %{{.*}}, %[[F:.*]] = ix.for %i
// CHECK: ix.yield %{{.*}}, %f
// CHECK-NEXT: } -> (tab !ix.tab<[n], f64>, tab !ix.tab<[n], f64>)
// CHECK: ix.at %[[F]][%{{.*}} : !ix.idx<n>]
// CHECK-NEXT: ix.at %x
// CHECK: return
func.func @pairs(%x : !ix.tab<[n], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %zero = arith.constant 0.0 : f64
  %z = ix.fill %zero : f64 -> !ix.tab<[n], f64>
  %g = eff.accum add (%a = %z : !ix.tab<[n], f64>) {
    ix.for %i : !ix.idx<n> {
      %xi = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %f, %unread = ix.for %j : !ix.idx<n> {
        %xj = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %d = arith.subf %xi, %xj : f64
        %e = math.sin %d : f64
        ix.yield %e, %d : f64, f64
      } -> (add f64, max f64)
      ix.for %j : !ix.idx<n> {
        %xj = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %d = arith.subf %xi, %xj : f64
        %fe = arith.mulf %f, %d : f64
        eff.add %a[%i : !ix.idx<n>], %fe : !eff.acc<add, !ix.tab<[n], f64>>, f64
        eff.add %a[%j : !ix.idx<n>], %fe : !eff.acc<add, !ix.tab<[n], f64>>, f64
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %g : !ix.tab<[n], f64>
}

// A histogram stays; one per row gets an accumulator of its own in each row, and the outer loop is free.
// CHECK-LABEL: func.func @histograms
// CHECK: ix.for %i
// CHECK: eff.accum add (%[[A:.*]] = %{{.*}} : !ix.tab<[k], f64>)
// CHECK: eff.add %[[A]]
// CHECK: } -> (tab !ix.tab<[n, k], f64>)
// CHECK: return
func.func @histograms(%r : !ix.tab<[n, m], !ix.idx<k>>, %w : f64) -> !ix.tab<[n, k], f64> {
  ix.sizes ["n", "m", "k"]
  %zero = arith.constant 0.0 : f64
  %z = ix.fill %zero : f64 -> !ix.tab<[n, k], f64>
  %h = eff.accum add (%a = %z : !ix.tab<[n, k], f64>) {
    ix.for %i : !ix.idx<n> {
      ix.for %j : !ix.idx<m> {
        %c = ix.at %r[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], !ix.idx<k>> -> !ix.idx<k>
        eff.add %a[%i, %c : !ix.idx<n>, !ix.idx<k>], %w : !eff.acc<add, !ix.tab<[n, k], f64>>, f64
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %h : !ix.tab<[n, k], f64>
}

// A bin that the inner loop does not choose is written once for all its iterations.
// CHECK-LABEL: func.func @inner_sum
// CHECK: eff.accum
// CHECK: %[[S:.*]] = ix.for %j
// CHECK: } -> (add f64)
// CHECK-NEXT: eff.add %{{.*}}[%c : !ix.idx<k>], %[[S]]
func.func @inner_sum(%b : !ix.tab<[n], !ix.idx<k>>, %x : !ix.tab<[n, m], f64>) -> !ix.tab<[k], f64> {
  ix.sizes ["n", "m", "k"]
  %zero = arith.constant 0.0 : f64
  %z = ix.fill %zero : f64 -> !ix.tab<[k], f64>
  %h = eff.accum add (%a = %z : !ix.tab<[k], f64>) {
    ix.for %i : !ix.idx<n> {
      %c = ix.at %b[%i : !ix.idx<n>] : !ix.tab<[n], !ix.idx<k>> -> !ix.idx<k>
      ix.for %j : !ix.idx<m> {
        %v = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
        eff.add %a[%c : !ix.idx<k>], %v : !eff.acc<add, !ix.tab<[k], f64>>, f64
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %h : !ix.tab<[k], f64>
}

// What is left of an accumulation without a loop is an update.
// CHECK-LABEL: func.func @one_cell
// CHECK-NOT: eff.accum
// CHECK: %[[O:.*]] = ix.at %t[%k
// CHECK-NEXT: %[[N:.*]] = arith.addf %[[O]], %v
// CHECK-NEXT: ix.update %t[%k : !ix.idx<n>], %[[N]]
func.func @one_cell(%t : !ix.tab<[n], f64>, %k : !ix.idx<n>, %v : f64) -> !ix.tab<[n], f64> {
  ix.sizes ["n"]
  %h = eff.accum add (%a = %t : !ix.tab<[n], f64>) {
    eff.add %a[%k : !ix.idx<n>], %v : !eff.acc<add, !ix.tab<[n], f64>>, f64
    eff.yield
  }
  func.return %h : !ix.tab<[n], f64>
}

// Small vectors are accumulated element by element, in registers.
// CHECK-LABEL: func.func @vectors
// CHECK-NOT: eff.accum
// CHECK: } -> (add f64, add f64)
// CHECK: ix.pack
// CHECK: return
func.func @vectors(%x : !ix.tab<[n, m], f64>) -> !ix.tab<[n, 2], f64> {
  ix.sizes ["n", "m"]
  %zero = arith.constant 0.0 : f64
  %z = ix.fill %zero : f64 -> !ix.tab<[n, 2], f64>
  %c0 = ix.index () + 0 : !ix.idx<2>
  %c1 = ix.index () + 1 : !ix.idx<2>
  %h = eff.accum add (%a = %z : !ix.tab<[n, 2], f64>) {
    ix.for %i : !ix.idx<n> {
      ix.for %j : !ix.idx<m> {
        %v = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
        %e = math.exp %v : f64
        eff.add %a[%i, %c0 : !ix.idx<n>, !ix.idx<2>], %v : !eff.acc<add, !ix.tab<[n, 2], f64>>, f64
        eff.add %a[%i, %c1 : !ix.idx<n>, !ix.idx<2>], %e : !eff.acc<add, !ix.tab<[n, 2], f64>>, f64
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %h : !ix.tab<[n, 2], f64>
}

// A triangle of cells inside of the summed loop, read along rows: turned round, each cell would jump from row to row.
// CHECK-LABEL: func.func @triangle_of_products
// CHECK: eff.accum
func.func @triangle_of_products(%x : !ix.tab<[n, m], f64>) -> !ix.tab<[m, m], f64> {
  ix.sizes ["n", "m"]
  %zero = arith.constant 0.0 : f64
  %z = ix.fill %zero : f64 -> !ix.tab<[m, m], f64>
  %g = eff.accum add (%a = %z : !ix.tab<[m, m], f64>) {
    ix.for %i : !ix.idx<n> {
      ix.for %j "j" : !ix.idx<m> {
        %u = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
        ix.for %k : !ix.idx<j> {
          %l = ix.index (%k * 1 : !ix.idx<j>) + 0 : !ix.idx<m>
          %v = ix.at %x[%i, %l : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
          %p = arith.mulf %u, %v : f64
          eff.add %a[%j, %l : !ix.idx<m>, !ix.idx<m>], %p : !eff.acc<add, !ix.tab<[m, m], f64>>, f64
          ix.yield
        }
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %g : !ix.tab<[m, m], f64>
}

// Of nothing there is no greatest float; the greatest long integer of nothing is the least that there is.
// CHECK-LABEL: func.func @greatest
// CHECK: eff.accum max (
// CHECK: -> (max i128)
// CHECK: arith.maxsi
func.func @greatest(%x : !ix.tab<[n], f64>) -> (i64, f64) {
  ix.sizes ["n"]
  %least = arith.constant 0xfff0000000000000 : f64
  %start = arith.constant 5 : i128
  %f, %l = eff.accum max, max (%a = %least : f64, %b = %start : i128) {
    ix.for %i : !ix.idx<n> {
      %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %bits = arith.bitcast %v : f64 to i64
      %long = arith.extsi %bits : i64 to i128
      eff.add %a[], %v : !eff.acc<max, f64>, f64
      eff.add %b[], %long : !eff.acc<max, i128>, i128
      ix.yield
    }
    eff.yield
  }
  %short = arith.trunci %l : i128 to i64
  func.return %short, %f : i64, f64
}

// What a row adds to cells of its own comes out of it, however dear it is; the cell that is found gets a second share.
// CHECK-LABEL: func.func @rows
// CHECK-NOT: eff.add
// CHECK: %[[E:.*]], %[[ROW:.*]] = ix.for
// CHECK: math.exp
// CHECK: } -> (add f64, tab !ix.tab<[m], f64>)
// CHECK: ix.update %[[ROW]][%{{.*}}]
// CHECK-NOT: eff.add
// CHECK: func.return
func.func @rows(%x : !ix.tab<[n, m], f64>, %at : !ix.tab<[n], !ix.idx<m>>) -> !ix.tab<[n, m], f64> {
  ix.sizes ["n", "m"]
  %zero = arith.constant 0.0 : f64
  %t = ix.fill %zero : f64 -> !ix.tab<[n, m], f64>
  %g = eff.accum add (%a = %t : !ix.tab<[n, m], f64>) {
    ix.for %i : !ix.idx<n> {
      %sum = ix.for %j : !ix.idx<m> {
        %u = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
        %e = math.exp %u : f64
        eff.add %a[%i, %j : !ix.idx<n>, !ix.idx<m>], %e : !eff.acc<add, !ix.tab<[n, m], f64>>, f64
        ix.yield %e : f64
      } -> (add f64)
      %k = ix.at %at[%i : !ix.idx<n>] : !ix.tab<[n], !ix.idx<m>> -> !ix.idx<m>
      eff.add %a[%i, %k : !ix.idx<n>, !ix.idx<m>], %sum : !eff.acc<add, !ix.tab<[n, m], f64>>, f64
      ix.yield
    }
    eff.yield
  }
  func.return %g : !ix.tab<[n, m], f64>
}

// A few cells of a table that is there already are written into it; its short axis is not taken apart for them.
// CHECK-LABEL: func.func @few_cells
// CHECK-NOT:     ix.pack
// CHECK:         ix.update
// CHECK:         ix.update
// CHECK-NOT:     ix.for
func.func @few_cells(%t: !ix.tab<[n, 3], f64>, %i: !ix.idx<n>, %v: f64) -> !ix.tab<[n, 3], f64> {
  ix.sizes ["n"]
  %c0 = ix.index () + 0 : !ix.idx<3>
  %c2 = ix.index () + 2 : !ix.idx<3>
  %r = eff.accum add (%a = %t : !ix.tab<[n, 3], f64>) {
    eff.add %a[%i, %c0 : !ix.idx<n>, !ix.idx<3>], %v : !eff.acc<add, !ix.tab<[n, 3], f64>>, f64
    eff.add %a[%i, %c2 : !ix.idx<n>, !ix.idx<3>], %v : !eff.acc<add, !ix.tab<[n, 3], f64>>, f64
    eff.yield
  }
  func.return %r : !ix.tab<[n, 3], f64>
}
