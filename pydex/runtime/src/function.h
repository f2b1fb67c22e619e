// The callable of one compilation (native.c), as dispatch.c uses it.
#pragma once
#include "convert.h"

extern PyTypeObject FunctionType, DispatcherType;

// A call of a Function, as vectorcall.
PyObject *function_call(PyObject *self, PyObject *const *args, size_t flags, PyObject *names);
int64_t function_arity(PyObject *self);
int dispatch_setup(void);  // once, at import; -1 with a Python exception on failure
