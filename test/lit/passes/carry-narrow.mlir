// RUN: pydex-opt %s -p carry-narrow,dce | filecheck %s

// Of a counter only the low bits are read: it has no others.
// CHECK-LABEL: func.func @counter
// CHECK:         eff.while (%a = %{{.*}} : i32) {
// CHECK-NEXT:      arith.cmpi slt, %a, %limit : i32
// CHECK:           arith.constant 1 : i32
// CHECK-NEXT:      arith.addi %a_1, %{{.*}} : i32
// CHECK:         func.return %c : i32
func.func @counter(%limit: i32) -> i32 {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %c, %trips = eff.while (%a = %zero : i64) {
    %b = arith.trunci %a : i64 to i32
    %more = arith.cmpi slt, %b, %limit : i32
    eff.condition %more
  } do {
  ^bb0(%a : i64):
    %next = arith.addi %a, %one : i64
    eff.yield %next : i64
  }
  %d = arith.trunci %c : i64 to i32
  func.return %d : i32
}

// What is divided, compared as it is, or read in two widths has all its bits.
// CHECK-LABEL: func.func @all_bits
// CHECK:         eff.loop %i : !ix.idx<9> carry (%a = %x : i64, %b = %x : i64, %c = %x : i64) {
func.func @all_bits(%x: i64) -> (i32, i8, i32, i32) {
  %two = arith.constant 2 : i64
  %p, %q, %r = eff.loop %i : !ix.idx<9> carry (%a = %x : i64, %b = %x : i64, %c = %x : i64) {
    %h = arith.divsi %a, %two : i64
    %d = arith.addi %b, %two : i64
    %more = arith.cmpi sgt, %c, %two : i64
    %e = arith.select %more, %two, %c : i64
    eff.yield %h, %d, %e : i64, i64, i64
  }
  %s = arith.trunci %p : i64 to i32
  %t = arith.trunci %q : i64 to i8
  %u = arith.trunci %q : i64 to i32
  %v = arith.trunci %r : i64 to i32
  func.return %s, %t, %u, %v : i32, i8, i32, i32
}
