// Python values to and from the slots of a frame.
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "program.h"

int convert_setup(void);  // once, at import; -1 with a Python exception on failure

// 1 if the object fits; 0, with no exception set, if the slow path has to look at it.
int read_scalar(dtype t, PyObject *object, int64_t *slot);
int read_table(const value *v, PyObject *object, int64_t *slots);
int read_size(PyObject *object, int64_t *size);
int64_t table_extent(PyObject *table, int64_t axis);
int64_t table_bytes(PyObject *table);

// The type of an argument, sizes apart: equal for two objects only if pydex gives them the same type. 0: not a Python
// float, int or bool, a NumPy scalar of these, or an array of them.
int32_t type_code(PyObject *object);

PyObject *scalar_from_slot(dtype t, const int64_t *slot);
// An uninitialised row-major array, its data 64-byte aligned; NULL with MemoryError set.
PyObject *new_table(dtype t, int64_t rank, const int64_t *extents);
void *table_data(PyObject *table);
