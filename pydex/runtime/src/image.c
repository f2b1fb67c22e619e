// pydex.runtime._native.Image: machine code from the cache (pydex/cache/image.py), in memory of its own.
//
// Image(data, [(address, offsets), …]): adds each address to the 8-byte words at its offsets, an array of int64; None
// stands for the address of the image itself. `address` is that of its first byte. The memory is never writable and
// executable at once, and lives as long as the object.
#include "image.h"

#include <stddef.h>
#include <string.h>
#include <structmember.h>
#include <sys/mman.h>

typedef struct {
  PyObject_HEAD
  unsigned long long address;
  size_t size;
} Image;

static int add_at(Image *image, uint64_t address, const int64_t *offsets, Py_ssize_t count) {
  for (Py_ssize_t i = 0; i < count; i++) {
    if (offsets[i] < 0 || (uint64_t)offsets[i] + 8 > image->size) {
      PyErr_SetString(PyExc_ValueError, "an offset outside of the image");
      return -1;
    }
    char *word = (char *)(uintptr_t)image->address + offsets[i];
    uint64_t value;
    memcpy(&value, word, sizeof value);
    value += address;
    memcpy(word, &value, sizeof value);
  }
  return 0;
}

static int add_address(Image *image, PyObject *pair) {
  PyObject *address;
  Py_buffer offsets;
  if (!PyTuple_Check(pair)) {
    PyErr_SetString(PyExc_TypeError, "expected pairs of an address and offsets");
    return -1;
  }
  if (!PyArg_ParseTuple(pair, "Oy*", &address, &offsets)) return -1;
  unsigned long long value = address == Py_None ? image->address : PyLong_AsUnsignedLongLong(address);
  int failed = PyErr_Occurred() ? -1 : add_at(image, value, offsets.buf, offsets.len / (Py_ssize_t)sizeof(int64_t));
  PyBuffer_Release(&offsets);
  return failed;
}

static int fill(Image *image, const Py_buffer *data, PyObject *pairs) {
  image->size = (size_t)data->len;
  void *memory = mmap(NULL, image->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    image->size = 0;
    PyErr_SetFromErrno(PyExc_OSError);
    return -1;
  }
  image->address = (unsigned long long)(uintptr_t)memory;
  memcpy(memory, data->buf, image->size);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(pairs); i++)
    if (add_address(image, PyList_GET_ITEM(pairs, i))) return -1;
  __builtin___clear_cache(memory, (char *)memory + image->size);
  if (!mprotect(memory, image->size, PROT_READ | PROT_EXEC)) return 0;
  PyErr_SetFromErrno(PyExc_OSError);
  return -1;
}

static PyObject *image_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"data", "addresses", NULL};
  Py_buffer data;
  PyObject *pairs;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "y*O!", names, &data, &PyList_Type, &pairs)) return NULL;
  Image *image = (Image *)type->tp_alloc(type, 0);
  if (image && fill(image, &data, pairs)) Py_CLEAR(image);
  PyBuffer_Release(&data);
  return (PyObject *)image;
}

static void image_dealloc(PyObject *self) {
  Image *image = (Image *)self;
  if (image->size) munmap((void *)(uintptr_t)image->address, image->size);
  Py_TYPE(self)->tp_free(self);
}

static PyMemberDef image_members[] = {
    {"address", T_ULONGLONG, offsetof(Image, address), READONLY, "where it begins"}, {0}};

PyTypeObject ImageType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "pydex.runtime._native.Image",
    .tp_doc = "Machine code in memory of its own: Image(data, addresses).",
    .tp_basicsize = sizeof(Image),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = image_new,
    .tp_dealloc = image_dealloc,
    .tp_members = image_members,
};
