// RUN: pydex-opt %s -p ix-contract{always=true},dce --split-input-file | filecheck %s
// RUN: pydex-opt %s -p ix-contract,dce --split-input-file | filecheck %s --check-prefix=SIZES

// A product of matrices; small ones stay loops.
// CHECK-LABEL: func.func @product
// CHECK-NOT:     ix.for
// CHECK:         %[[C:.*]] = ix.contract [n, m, l] %a[#0, #2], %b[#2, #1] -> [#0, #1]
// CHECK-NEXT:    func.return %[[C]]
// SIZES-LABEL: func.func @product
// SIZES:         ix.size_of <l*m*n>
// SIZES:         scf.if
// SIZES-NEXT:      ix.contract
// SIZES-NEXT:      scf.yield
// SIZES:         } else {
// SIZES-NEXT:      ix.for
func.func @product(%a: !ix.tab<[n, l], f32>, %b: !ix.tab<[l, m], f32>) -> !ix.tab<[n, m], f32> {
  ix.sizes ["n", "l", "m"]
  %c = ix.for %i : !ix.idx<n> {
    %row = ix.for %j : !ix.idx<m> {
      %s = ix.for %k : !ix.idx<l> {
        %x = ix.at %a[%i, %k : !ix.idx<n>, !ix.idx<l>] : !ix.tab<[n, l], f32> -> f32
        %y = ix.at %b[%k, %j : !ix.idx<l>, !ix.idx<m>] : !ix.tab<[l, m], f32> -> f32
        %p = arith.mulf %x, %y : f32
        ix.yield %p : f32
      } -> (add f32)
      ix.yield %s : f32
    } -> (tab !ix.tab<[m], f32>)
    ix.yield %row : !ix.tab<[m], f32>
  } -> (tab !ix.tab<[n, m], f32>)
  func.return %c : !ix.tab<[n, m], f32>
}

// -----
// A product added to an accumulator in a body that has made one of the factors: the factor gets a table.
// CHECK-LABEL: func.func @added
// CHECK:         eff.accum add
// CHECK:           %[[E:.*]] = ix.for
// CHECK:             math.exp
// CHECK:           %[[T:.*]] = ix.contract [n, m, l] %a[#0, #2], %[[E]][#0, #1] -> [#2, #1]
// CHECK-NEXT:      eff.add %{{.*}}[], %[[T]]
// CHECK-NOT:       eff.add
// CHECK:           eff.yield
func.func @added(%a: !ix.tab<[n, l], f64>, %z: !ix.tab<[n, m], f64>) -> !ix.tab<[l, m], f64> {
  ix.sizes ["n", "l", "m"]
  %zero = arith.constant 0.0 : f64
  %start = ix.fill %zero : f64 -> !ix.tab<[l, m], f64>
  %c = eff.accum add (%acc = %start : !ix.tab<[l, m], f64>) {
    ix.for %i : !ix.idx<n> {
      ix.for %j : !ix.idx<m> {
        %v = ix.at %z[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
        %e = math.exp %v : f64
        ix.for %k : !ix.idx<l> {
          %x = ix.at %a[%i, %k : !ix.idx<n>, !ix.idx<l>] : !ix.tab<[n, l], f64> -> f64
          %p = arith.mulf %x, %e : f64
          eff.add %acc[%k, %j : !ix.idx<l>, !ix.idx<m>], %p : !eff.acc<add, !ix.tab<[l, m], f64>>, f64
          ix.yield
        }
        ix.yield
      }
      ix.yield
    }
    eff.yield
  }
  func.return %c : !ix.tab<[l, m], f64>
}

// -----
// Windows: the place moves with the sum of two indices. The outermost loop only repeats, and stays.
// CHECK-LABEL: func.func @windows
// CHECK:         ix.for %s "[[S:i.*]]" : !ix.idx<b>
// CHECK-NEXT:      ix.contract [o, n - 26, 27] %w[[[S]], #0, #2], %x[[[S]], #1 + #2] -> [#0, #1]
func.func @windows(%x: !ix.tab<[b, n], f32>, %w: !ix.tab<[b, o, 27], f32>) -> !ix.tab<[b, o, n - 26], f32> {
  ix.sizes ["b", "n", "o"]
  %c = ix.for %s : !ix.idx<b> {
    %plane = ix.for %f : !ix.idx<o> {
      %row = ix.for %i : !ix.idx<n - 26> {
        %sum = ix.for %u : !ix.idx<27> {
          %at = ix.index (%i * 1 : !ix.idx<n - 26>, %u * 1 : !ix.idx<27>) + 0 : !ix.idx<n>
          %v = ix.at %x[%s, %at : !ix.idx<b>, !ix.idx<n>] : !ix.tab<[b, n], f32> -> f32
          %c = ix.at %w[%s, %f, %u : !ix.idx<b>, !ix.idx<o>, !ix.idx<27>] : !ix.tab<[b, o, 27], f32> -> f32
          %p = arith.mulf %c, %v : f32
          ix.yield %p : f32
        } -> (add f32)
        ix.yield %sum : f32
      } -> (tab !ix.tab<[n - 26], f32>)
      ix.yield %row : !ix.tab<[n - 26], f32>
    } -> (tab !ix.tab<[o, n - 26], f32>)
    ix.yield %plane : !ix.tab<[o, n - 26], f32>
  } -> (tab !ix.tab<[b, o, n - 26], f32>)
  func.return %c : !ix.tab<[b, o, n - 26], f32>
}

// -----
// A triangle is none, and neither is a sum of products that both depend on everything, or of integers.
// CHECK-LABEL: func.func @others
// CHECK-NOT:     ix.contract
func.func @others(%a: !ix.tab<[n, n], f32>, %k: !ix.tab<[n, n], i64>) -> (!ix.tab<[n, n], f32>, !ix.tab<[n, n], i64>) {
  ix.sizes ["n"]
  %c, %d = ix.for %i "i" : !ix.idx<n> {
    %row, %whole = ix.for %j : !ix.idx<n> {
      %triangle = ix.for %l : !ix.idx<i> {
        %m = ix.index (%l * 1 : !ix.idx<i>) + 0 : !ix.idx<n>
        %x = ix.at %a[%i, %m : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f32> -> f32
        %y = ix.at %a[%m, %j : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f32> -> f32
        %p = arith.mulf %x, %y : f32
        ix.yield %p : f32
      } -> (add f32)
      %same = ix.for %l : !ix.idx<n> {
        %x = ix.at %a[%i, %l : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f32> -> f32
        %y = ix.at %a[%l, %j : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f32> -> f32
        %q = arith.subf %x, %y : f32
        %p = arith.mulf %q, %q : f32
        ix.yield %p : f32
      } -> (add f32)
      %whole = ix.for %l : !ix.idx<n> {
        %x = ix.at %k[%i, %l : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], i64> -> i64
        %y = ix.at %k[%l, %j : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], i64> -> i64
        %p = arith.muli %x, %y : i64
        ix.yield %p : i64
      } -> (add i64)
      %both = arith.addf %triangle, %same : f32
      ix.yield %both, %whole : f32, i64
    } -> (tab !ix.tab<[n], f32>, tab !ix.tab<[n], i64>)
    ix.yield %row, %whole : !ix.tab<[n], f32>, !ix.tab<[n], i64>
  } -> (tab !ix.tab<[n, n], f32>, tab !ix.tab<[n, n], i64>)
  func.return %c, %d : !ix.tab<[n, n], f32>, !ix.tab<[n, n], i64>
}
