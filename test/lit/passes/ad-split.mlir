// RUN: pydex-opt %s -p ad-split,simplify | filecheck %s

// Coefficients, a recurrence of one product, and what is added, which is a multiple of what is carried; then the rest.
// CHECK-LABEL: func.func @scalar
// CHECK:         ix.open %{{.*}} as "[[REST:rest.*]]" rule "rest" <n, 256>
// CHECK:         ix.open %{{.*}} as "[[MANY:segments.*]]" rule "quotient" <n, 256, [[REST]]>
// CHECK:         eff.loop reverse %[[S:.*]] : !ix.idx<[[MANY]]> carry (%[[L:.*]] = %seed : f64) {
// CHECK-NEXT:      %[[A:.*]], %[[G:.*]] = ix.for %[[T:.*]] : !ix.idx<256> {
// CHECK-NEXT:        ix.index (%[[S]] * 256 : !ix.idx<[[MANY]]>, %[[T]] * -1 : !ix.idx<256>) + [[REST]] + 255 : !ix.idx<n>
// CHECK:           } -> (tab !ix.tab<[256], f64>, tab !ix.tab<[256], f64>)
// CHECK-NEXT:      %{{.*}}, %[[STARTS:.*]] = eff.loop %[[U:.*]] : !ix.idx<256> carry (%[[C:.*]] = %[[L]] : f64) {
// CHECK-NEXT:        %[[K:.*]] = ix.at %[[A]][%[[U]] : !ix.idx<256>] {as_made}
// CHECK-NEXT:        %[[P:.*]] = arith.mulf %[[K]], %[[C]]
// CHECK-NEXT:        eff.yield %[[P]], %[[C]] : f64, f64
// CHECK:           ix.for %[[V:.*]] : !ix.idx<256> {
// CHECK-NEXT:        %[[LV:.*]] = ix.at %[[STARTS]][%[[V]]
// CHECK-NEXT:        %[[GV:.*]] = ix.at %[[G]][%[[V]] : !ix.idx<256>] {as_made}
// CHECK-NEXT:        %[[Q:.*]] = arith.mulf %[[GV]], %[[LV]]
// CHECK-NEXT:        eff.add linear %acc[], %[[Q]]
// CHECK:         eff.loop reverse %{{.*}} : !ix.idx<[[REST]]>
func.func @scalar(%x : !ix.tab<[n], f64>, %w : f64, %seed : f64, %zero : f64) -> (f64, f64) {
  ix.sizes ["n"]
  %tape = ix.for %j : !ix.idx<n> {
    %v = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %w0 = math.sqrt %v : f64
    ix.yield %w0 : f64
  } -> (tab !ix.tab<[n], f64>)
  %total, %first = eff.accum add (%acc = %zero : f64) {
    %last = eff.loop linear reverse %i : !ix.idx<n> carry (%c = %seed : f64) {
      %h = ix.at %tape[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %a = math.sin %h : f64
      %b = math.exp %a : f64
      %d = arith.mulf %b, %c : f64
      %e = arith.mulf %d, %w : f64
      %f = arith.mulf %a, %d : f64
      %g = arith.mulf %f, %h : f64
      %k = arith.addf %g, %d : f64
      eff.add linear %acc[], %k : !eff.acc<add, f64>, f64
      eff.yield %e : f64
    }
    eff.yield %last : f64
  } -> (f64)
  func.return %total, %first : f64, f64
}

// AD has not written this loop.
// CHECK-LABEL: func.func @ours
// CHECK-NOT: rule
func.func @ours(%x : !ix.tab<[n], f64>, %seed : f64) -> f64 {
  ix.sizes ["n"]
  %tape = ix.for %j : !ix.idx<n> {
    %v = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %w0 = math.sqrt %v : f64
    ix.yield %w0 : f64
  } -> (tab !ix.tab<[n], f64>)
  %last = eff.loop reverse %i : !ix.idx<n> carry (%c = %seed : f64) {
    %h = ix.at %tape[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %a = math.sin %h : f64
    %b = math.exp %a : f64
    %d = arith.mulf %b, %c : f64
    eff.yield %d : f64
  }
  func.return %last : f64
}

// Not linear after all, whatever is claimed.
// CHECK-LABEL: func.func @square
// CHECK-NOT: rule
func.func @square(%x : !ix.tab<[n], f64>, %seed : f64) -> f64 {
  ix.sizes ["n"]
  %tape = ix.for %j : !ix.idx<n> {
    %v = ix.at %x[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %w0 = math.sqrt %v : f64
    ix.yield %w0 : f64
  } -> (tab !ix.tab<[n], f64>)
  %last = eff.loop linear reverse %i : !ix.idx<n> carry (%c = %seed : f64) {
    %h = ix.at %tape[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %a = math.sin %h : f64
    %b = math.exp %a : f64
    %d = arith.mulf %c, %c : f64
    %e = arith.mulf %b, %d : f64
    eff.yield %e : f64
  }
  func.return %last : f64
}

// It reads no tape, so it needs no memory.
// CHECK-LABEL: func.func @argument
// CHECK-NOT: rule
func.func @argument(%x : !ix.tab<[n], f64>, %seed : f64) -> f64 {
  ix.sizes ["n"]
  %last = eff.loop linear reverse %i : !ix.idx<n> carry (%c = %seed : f64) {
    %h = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %a = math.sin %h : f64
    %b = math.exp %a : f64
    %d = arith.mulf %b, %c : f64
    eff.yield %d : f64
  }
  func.return %last : f64
}
