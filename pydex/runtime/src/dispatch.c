// pydex.runtime._native.Dispatcher: the base of the functions that users call. It sends a call to the compilation for
// arguments of such types, if it knows one; else to self._call(args, kwargs), which compiles.
//
// settle(function): every call with as many positional arguments goes to this compilation, which converts and refuses.
// specialise(function, args): so does every call with arguments of these types (convert.h: type_code).
// Both take guards, a tuple of (dict, key, object) and (cell, None, object): the compilation is for as long as each dict
// has this object at the key, each cell this object in it.
// A MemoryError of a compilation becomes self._out_of_memory(error).
#include "function.h"

#include <stddef.h>
#include <string.h>

enum { MAX_SPECIAL = 8, MAX_CODES = 16 };

typedef struct {
  PyObject *function, *guards;
  int64_t ncodes;  // -1: whatever the types
  int32_t codes[MAX_CODES];
} special;

typedef struct {
  PyObject_HEAD
  vectorcallfunc call;
  int64_t nspecial;
  special specials[MAX_SPECIAL];
} Dispatcher;

static PyObject *name_call, *name_out_of_memory;

// ---- a call ---------------------------------------------------------------------------------------------------
static PyObject *found_at(PyObject *owner, PyObject *key) {
  if (PyCell_Check(owner)) return PyCell_GET(owner);
  PyObject *found = PyDict_GetItemWithError(owner, key);
  if (!found) PyErr_Clear();
  return found;
}

static int guards_hold(PyObject *guards) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(guards); i++) {
    PyObject *guard = PyTuple_GET_ITEM(guards, i);
    if (found_at(PyTuple_GET_ITEM(guard, 0), PyTuple_GET_ITEM(guard, 1)) != PyTuple_GET_ITEM(guard, 2)) return 0;
  }
  return 1;
}

static PyObject *find(const Dispatcher *d, PyObject *const *args, Py_ssize_t nargs) {
  for (int64_t i = 0; i < d->nspecial; i++) {
    const special *s = &d->specials[i];
    if (s->ncodes < 0 ? function_arity(s->function) != nargs : s->ncodes != nargs) continue;
    Py_ssize_t k = 0;
    while (k < s->ncodes && s->codes[k] == type_code(args[k])) k++;
    if (k >= s->ncodes && guards_hold(s->guards)) return s->function;
  }
  return NULL;
}

static PyObject *translate_error(PyObject *self) {
  if (!PyErr_ExceptionMatches(PyExc_MemoryError)) return NULL;
  PyObject *type, *error, *traceback;
  PyErr_Fetch(&type, &error, &traceback);
  PyErr_NormalizeException(&type, &error, &traceback);
  PyObject *better = PyObject_CallMethodOneArg(self, name_out_of_memory, error);
  if (better) PyErr_SetObject((PyObject *)Py_TYPE(better), better);
  Py_XDECREF(better);
  Py_XDECREF(type);
  Py_XDECREF(error);
  Py_XDECREF(traceback);
  return NULL;
}

static PyObject *call_python(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names) {
  PyObject *tuple = PyTuple_New(nargs), *named = PyDict_New(), *result = NULL;
  if (!tuple || !named) goto done;
  for (Py_ssize_t i = 0; i < nargs; i++) PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
  for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); i++)
    if (PyDict_SetItem(named, PyTuple_GET_ITEM(names, i), args[nargs + i])) goto done;
  result = PyObject_CallMethodObjArgs(self, name_call, tuple, named, NULL);
done:
  Py_XDECREF(tuple);
  Py_XDECREF(named);
  return result;
}

static PyObject *call(PyObject *self, PyObject *const *args, size_t flags, PyObject *names) {
  Dispatcher *d = (Dispatcher *)self;
  Py_ssize_t nargs = PyVectorcall_NARGS(flags);
  PyObject *function = names && PyTuple_GET_SIZE(names) ? NULL : find(d, args, nargs);
  PyObject *result;
  if (function) {
    Py_INCREF(function);  // the call may make this object forget it
    result = function_call(function, args, flags, NULL);
    Py_DECREF(function);
  } else {
    result = call_python(self, args, nargs, names);
  }
  return result ? result : translate_error(self);
}

// ---- what it knows --------------------------------------------------------------------------------------------
static void clear(Dispatcher *d) {
  int64_t count = d->nspecial;
  d->nspecial = 0;
  for (int64_t i = 0; i < count; i++) {
    Py_CLEAR(d->specials[i].function);
    Py_CLEAR(d->specials[i].guards);
  }
}

static int are_guards(PyObject *guards) {
  if (!PyTuple_Check(guards)) return 0;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(guards); i++) {
    PyObject *guard = PyTuple_GET_ITEM(guards, i);
    if (!PyTuple_Check(guard) || PyTuple_GET_SIZE(guard) != 3) return 0;
    PyObject *owner = PyTuple_GET_ITEM(guard, 0);
    if (!PyDict_Check(owner) && !PyCell_Check(owner)) return 0;
  }
  return 1;
}

static special *add(Dispatcher *d, PyObject *function, PyObject *guards) {
  if (!PyObject_TypeCheck(function, &FunctionType) || !are_guards(guards)) {
    PyErr_SetString(PyExc_TypeError, "expected a Function, and a tuple of guards");
    return NULL;
  }
  if (d->nspecial == MAX_SPECIAL) clear(d);  // what is still wanted comes back
  special *s = &d->specials[d->nspecial++];
  s->function = Py_NewRef(function);
  s->guards = Py_NewRef(guards);
  s->ncodes = -1;
  return s;
}

static PyObject *settle(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
  if (nargs != 2) {
    PyErr_SetString(PyExc_TypeError, "expected a Function, and a tuple of guards");
    return NULL;
  }
  clear((Dispatcher *)self);
  return add((Dispatcher *)self, args[0], args[1]) ? Py_NewRef(Py_None) : NULL;
}

static PyObject *specialise(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
  if (nargs != 3 || !PyTuple_Check(args[1])) {
    PyErr_SetString(PyExc_TypeError, "expected a Function, a tuple of arguments and a tuple of guards");
    return NULL;
  }
  int32_t codes[MAX_CODES];
  Py_ssize_t count = PyTuple_GET_SIZE(args[1]);
  if (count > MAX_CODES) Py_RETURN_FALSE;
  for (Py_ssize_t k = 0; k < count; k++)
    if (!(codes[k] = type_code(PyTuple_GET_ITEM(args[1], k)))) Py_RETURN_FALSE;
  special *s = add((Dispatcher *)self, args[0], args[2]);
  if (!s) return NULL;
  memcpy(s->codes, codes, (size_t)count * sizeof *codes);
  s->ncodes = count;
  Py_RETURN_TRUE;
}

static PyObject *forget(PyObject *self, PyObject *unused) {
  clear((Dispatcher *)self);
  Py_RETURN_NONE;
}

// ---- the type -------------------------------------------------------------------------------------------------
static PyObject *dispatcher_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  Dispatcher *d = (Dispatcher *)type->tp_alloc(type, 0);
  if (d) d->call = call;
  return (PyObject *)d;
}

// Python 3.12 lets a class written in Python inherit this flag; without it, each call makes a tuple of its arguments.
static PyObject *init_subclass(PyObject *cls, PyObject *args, PyObject *kwargs) {
  PyTypeObject *type = (PyTypeObject *)cls;
  if (type->tp_call == PyVectorcall_Call) type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
  Py_RETURN_NONE;
}

static int dispatcher_traverse(PyObject *self, visitproc visit, void *arg) {
  Dispatcher *d = (Dispatcher *)self;
  for (int64_t i = 0; i < d->nspecial; i++) {
    Py_VISIT(d->specials[i].function);
    Py_VISIT(d->specials[i].guards);
  }
  return 0;
}

static int dispatcher_clear(PyObject *self) {
  clear((Dispatcher *)self);
  return 0;
}

static void dispatcher_dealloc(PyObject *self) {
  PyObject_GC_UnTrack(self);
  clear((Dispatcher *)self);
  Py_TYPE(self)->tp_free(self);
}

static PyMethodDef dispatcher_methods[] = {
    {"settle", (PyCFunction)(void (*)(void))settle, METH_FASTCALL,
     "settle(function, guards): every call with as many positional arguments goes to it while the guards hold."},
    {"specialise", (PyCFunction)(void (*)(void))specialise, METH_FASTCALL,
     "specialise(function, args, guards): so do calls with arguments of these types; False if they have no such types."},
    {"forget", forget, METH_NOARGS, "Every call goes to _call again."},
    {"__init_subclass__", (PyCFunction)(void (*)(void))init_subclass, METH_CLASS | METH_VARARGS | METH_KEYWORDS,
     "Lets the subclass be called as fast."},
    {0}};

PyTypeObject DispatcherType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "pydex.runtime._native.Dispatcher",
    .tp_doc = "What users call: sends a call to the Function for arguments of such types, or to self._call.",
    .tp_basicsize = sizeof(Dispatcher),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_BASETYPE,
    .tp_new = dispatcher_new,
    .tp_dealloc = dispatcher_dealloc,
    .tp_traverse = dispatcher_traverse,
    .tp_clear = dispatcher_clear,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Dispatcher, call),
    .tp_methods = dispatcher_methods,
};

int dispatch_setup(void) {
  name_call = PyUnicode_InternFromString("_call");
  name_out_of_memory = PyUnicode_InternFromString("_out_of_memory");
  return name_call && name_out_of_memory ? PyType_Ready(&DispatcherType) : -1;
}
