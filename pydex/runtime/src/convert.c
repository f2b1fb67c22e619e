#include "convert.h"

#include <math.h>
#include <string.h>

#define NPY_NO_DEPRECATED_API NPY_1_22_API_VERSION
#define NPY_TARGET_VERSION NPY_1_22_API_VERSION
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>

#include "buffer.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "slots keep scalars in their low bytes");

typedef struct {
  int number;
  char kind;
  int size;
} numpy_type;

static const numpy_type numpy_types[] = {
    [F32] = {NPY_FLOAT32, 'f', 4}, [F64] = {NPY_FLOAT64, 'f', 8}, [I8] = {NPY_INT8, 'i', 1},
    [I16] = {NPY_INT16, 'i', 2},   [I32] = {NPY_INT32, 'i', 4},   [I64] = {NPY_INT64, 'i', 8},
    [U8] = {NPY_UINT8, 'u', 1},    [U16] = {NPY_UINT16, 'u', 2},  [U32] = {NPY_UINT32, 'u', 4},
    [U64] = {NPY_UINT64, 'u', 8},  [BOOL] = {NPY_BOOL, 'b', 1},
};

static int is_numpy_type(const PyArray_Descr *d, dtype t) {
  // By kind and size, since `long` and `long long` are two NumPy types.
  return d->kind == numpy_types[t].kind && PyDataType_ELSIZE(d) == numpy_types[t].size && PyArray_ISNBO(d->byteorder);
}

// ---- arguments ------------------------------------------------------------------------------------------------
static int fits(dtype t, int64_t x) {
  if (t == I64) return 1;
  if (t >= U8 && t <= U64) return x >= 0 && (t == U64 || x < (int64_t)1 << 8 * numpy_types[t].size);
  int64_t half = (int64_t)1 << (8 * numpy_types[t].size - 1);
  return x >= -half && x < half;
}

static int read_int(dtype t, PyObject *object, int64_t *slot) {
  int overflow;
  int64_t x = PyLong_AsLongLongAndOverflow(object, &overflow);
  if (!overflow) {
    *slot = x;
    return fits(t, x);
  }
  if (t != U64 || overflow < 0) return 0;
  *slot = (int64_t)PyLong_AsUnsignedLongLong(object);
  if (!PyErr_Occurred()) return 1;
  PyErr_Clear();
  return 0;
}

static int write_float(dtype t, double x, int64_t *slot) {
  if (t == F64) {
    memcpy(slot, &x, sizeof x);
    return 1;
  }
  float y = (float)x;
  *slot = 0;
  memcpy(slot, &y, sizeof y);
  return isfinite(y) || !isfinite(x);
}

static int read_numpy_scalar(dtype t, PyObject *object, int64_t *slot) {
  PyArray_Descr *d = PyArray_DescrFromScalar(object);
  if (!d) {
    PyErr_Clear();
    return 0;
  }
  int ok = is_numpy_type(d, t);
  Py_DECREF(d);
  if (!ok) return 0;
  int64_t bits = 0;
  PyArray_ScalarAsCtype(object, &bits);
  int unused = 64 - 8 * numpy_types[t].size;
  *slot = t >= I8 && t <= I64 ? (int64_t)((uint64_t)bits << unused) >> unused : bits;
  return 1;
}

int read_scalar(dtype t, PyObject *object, int64_t *slot) {
  if (t <= F64) {
    if (PyFloat_CheckExact(object)) return write_float(t, PyFloat_AS_DOUBLE(object), slot);
    if (PyLong_CheckExact(object)) {
      double x = PyLong_AsDouble(object);
      if (x != -1.0 || !PyErr_Occurred()) return write_float(t, x, slot);
      PyErr_Clear();
      return 0;
    }
  } else if (t == BOOL) {
    if (PyBool_Check(object)) {
      *slot = object == Py_True;
      return 1;
    }
  } else if (PyLong_CheckExact(object)) {
    return read_int(t, object, slot);
  }
  return PyArray_CheckScalar(object) && PyArray_IsScalar(object, Generic) && read_numpy_scalar(t, object, slot);
}

int read_size(PyObject *object, int64_t *size) { return PyLong_CheckExact(object) && read_int(I64, object, size); }

int read_table(const value *v, PyObject *object, int64_t *slots) {
  if (!PyArray_CheckExact(object)) return 0;
  PyArrayObject *a = (PyArrayObject *)object;
  if (PyArray_NDIM(a) != v->rank || !is_numpy_type(PyArray_DESCR(a), v->dtype) || !PyArray_ISALIGNED(a)) return 0;
  int64_t size = numpy_types[v->dtype].size;
  slots[0] = (int64_t)PyArray_DATA(a);
  for (int64_t axis = 0; axis < v->rank; axis++) {
    int64_t stride = PyArray_STRIDE(a, (int)axis);
    if (stride & (size - 1)) return 0;
    slots[1 + axis] = stride / size;
  }
  return 1;
}

int64_t table_extent(PyObject *table, int64_t axis) { return PyArray_DIM((PyArrayObject *)table, (int)axis); }
int64_t table_bytes(PyObject *table) { return PyArray_NBYTES((PyArrayObject *)table); }
void *table_data(PyObject *table) { return PyArray_DATA((PyArrayObject *)table); }

static int32_t code_of_descr(const PyArray_Descr *d, int32_t rank, int32_t family) {
  int64_t size = PyDataType_ELSIZE(d);
  if (!strchr("fiub", d->kind) || size > 8 || !PyArray_ISNBO(d->byteorder)) return 0;
  return family << 24 | d->kind << 16 | (int32_t)size << 8 | rank;
}

int32_t type_code(PyObject *object) {
  enum { FLOAT = 1, INT, FLAG, ARRAY_OF, SCALAR_OF };
  if (PyFloat_CheckExact(object)) return FLOAT;
  if (PyLong_CheckExact(object)) return INT;
  if (PyBool_Check(object)) return FLAG;
  if (PyArray_CheckExact(object)) {
    PyArrayObject *a = (PyArrayObject *)object;
    return code_of_descr(PyArray_DESCR(a), PyArray_NDIM(a), ARRAY_OF);
  }
  if (!PyArray_IsScalar(object, Generic)) return 0;
  PyArray_Descr *d = PyArray_DescrFromScalar(object);
  if (!d) PyErr_Clear();
  int32_t code = d ? code_of_descr(d, 0, SCALAR_OF) : 0;
  Py_XDECREF(d);
  return code;
}

// ---- results --------------------------------------------------------------------------------------------------
PyObject *scalar_from_slot(dtype t, const int64_t *slot) {
  double x;
  switch (t) {
    case F64: memcpy(&x, slot, sizeof x); return PyFloat_FromDouble(x);
    case I64: return PyLong_FromLongLong(*slot);
    case BOOL: return PyBool_FromLong(*slot & 1);
    default: break;
  }
  PyArray_Descr *d = PyArray_DescrFromType(numpy_types[t].number);
  PyObject *scalar = d ? PyArray_Scalar((void *)slot, d, NULL) : NULL;
  Py_XDECREF(d);
  return scalar;
}

static void *handler_malloc(void *context, size_t bytes) { return buffer_new(bytes); }
static void handler_free(void *context, void *data, size_t bytes) { buffer_free(data, bytes); }
static void *handler_realloc(void *context, void *data, size_t bytes) { return buffer_resize(data, bytes); }
static void *handler_calloc(void *context, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
  void *data = buffer_new(bytes);
  return data ? memset(data, 0, bytes) : NULL;
}

static PyDataMem_Handler handler = {
    "pydex", 1, {NULL, handler_malloc, handler_calloc, handler_realloc, handler_free}};
static PyObject *handler_capsule;

int convert_setup(void) {
  import_array1(-1);
  handler_capsule = PyCapsule_New(&handler, "mem_handler", NULL);
  return handler_capsule ? 0 : -1;
}

static int array_bytes(dtype t, int64_t rank, const int64_t *extents, int64_t *bytes) {
  *bytes = numpy_types[t].size;
  for (int64_t a = 0; a < rank; a++)
    if (extents[a] && __builtin_mul_overflow(*bytes, extents[a], bytes)) return 0;
  for (int64_t a = 0; a < rank; a++)
    if (!extents[a]) *bytes = 0;
  return 1;
}

// The array owns its data: it is freed through the handler, by the array.
static void own_data(PyArrayObject *array) {
  PyArray_ENABLEFLAGS(array, NPY_ARRAY_OWNDATA);
  ((PyArrayObject_fields *)array)->mem_handler = Py_NewRef(handler_capsule);
}

PyObject *new_table(dtype t, int64_t rank, const int64_t *extents) {
  int64_t bytes;
  void *data = array_bytes(t, rank, extents, &bytes) ? buffer_new((size_t)bytes) : NULL;
  if (!data) return PyErr_Format(PyExc_MemoryError, "cannot allocate the result array");
  npy_intp dims[MAX_RANK];
  for (int64_t a = 0; a < rank; a++) dims[a] = extents[a];
  PyArray_Descr *d = PyArray_DescrFromType(numpy_types[t].number);
  PyObject *array = PyArray_NewFromDescr(&PyArray_Type, d, (int)rank, dims, NULL, data, NPY_ARRAY_CARRAY, NULL);
  if (!array) {
    buffer_free(data, (size_t)bytes);
    return NULL;
  }
  own_data((PyArrayObject *)array);
  return array;
}
