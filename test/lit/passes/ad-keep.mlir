// RUN: pydex-opt %s -p ad-keep,verify-scope | filecheck %s

// The length of a segment is computed in front of the nest, as soon as the size of the loop is known.
// CHECK-LABEL: func.func private @f
// CHECK:         %[[ROOT:.*]] = math.sqrt
// CHECK:         math.ceil %[[ROOT]]
// CHECK:         ix.open %{{.*}} as "[[K:segment.*]]" rule "sqrt" <n>
// CHECK:         ix.open %{{.*}} as "[[R:rest.*]]" rule "rest" <n, [[K]]>
// CHECK:         ix.open %{{.*}} as "[[M:segments.*]]" rule "quotient" <n, [[K]], [[R]]>
// CHECK:         ix.for
// CHECK:           eff.loop
// CHECK-SAME:        keep <[[K]], [[M]], [[R]]> {
// CHECK-NEXT:        eff.loop
// CHECK-NOT:           keep

// A while loop is counted first; a number of steps needs no computation, log2 n states are kept in turn.
// CHECK-LABEL: func.func private @g
// CHECK:         %{{.*}}, %[[TRIPS:.*]] = eff.while
// CHECK:         ix.open %[[TRIPS]] as "[[T:trips.*]]"{{$}}
// CHECK:         as "[[R:rest.*]]" rule "rest" <[[T]], 64>
// CHECK:         as "[[M:segments.*]]" rule "quotient" <[[T]], 64, [[R]]>
// CHECK:         eff.loop %{{.*}} : !ix.idx<[[T]]> carry {{.*}} keep <64, [[M]], [[R]]> {
// CHECK:         keep halving <

// What no derivative mentions stays a call.
// CHECK-LABEL: func.func @plain
// CHECK-NEXT:    ad.checkpoint @halve {{.*}}policy "log"

func.func private @step(%x: f64) -> f64 {
  ix.sizes ["k"]
  %y = ix.for %i : !ix.idx<3> {
    %r = eff.loop %j : !ix.idx<k> carry (%c = %x : f64) {
      %d = eff.loop %l : !ix.idx<k> carry (%e = %c : f64) {
        %s = math.sin %e : f64
        eff.yield %s : f64
      }
      eff.yield %d : f64
    }
    ix.yield %r : f64
  } -> (add f64)
  func.return %y : f64
}
func.func private @halve(%x: f64) -> f64 {
  %one = arith.constant 1.0 : f64
  %half = arith.constant 0.5 : f64
  %r, %t = eff.while (%c = %x : f64) {
    %go = arith.cmpf ogt, %c, %one : f64
    eff.condition %go
  } do {
  ^bb0(%c: f64):
    %h = arith.mulf %c, %half : f64
    eff.yield %h : f64
  }
  func.return %r : f64
}
func.func private @f(%x: f64) -> f64 {
  ix.sizes ["n"]
  %y = ad.checkpoint @step<n> policy "sqrt" (%x) : (f64) -> f64
  func.return %y : f64
}
func.func private @g(%x: f64) -> f64 {
  %y = ad.checkpoint @halve<> policy "64" (%x) : (f64) -> f64
  %z = ad.checkpoint @halve<> policy "log" (%y) : (f64) -> f64
  func.return %z : f64
}
func.func @plain(%x: f64) -> f64 {
  %y = ad.checkpoint @halve<> policy "log" (%x) : (f64) -> f64
  func.return %y : f64
}
func.func @derivatives(%x: f64) -> (f64, f64, f64, f64) {
  ix.sizes ["n"]
  %one = arith.constant 1.0 : f64
  %a, %b = ad.vjp @f<n> wrt [0] (%x : f64) (%one : f64) -> f64, f64
  %c, %d = ad.vjp @g<> wrt [0] (%x : f64) (%one : f64) -> f64, f64
  func.return %a, %b, %c, %d : f64, f64, f64, f64
}
