// RUN: pydex-opt %s | filecheck %s
// RUN: pydex-opt /dev/null -p cpu | filecheck %s

// A text of comments only is an empty module.
// CHECK: builtin.module {
// CHECK-NEXT: }
