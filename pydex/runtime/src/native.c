// pydex.runtime._native: compiled functions as Python callables.
//
// Function(entry, program, slow_path, on_raise, keep) calls entry(frame), the frame being filled after `program`
// (program.h). Whatever the fast path does not understand goes, unchanged, to slow_path(function, args, kwargs), which
// raises or ends in function.retry(*converted). An error raised by compiled code becomes on_raise(site, a, b), which
// returns the exception. `keep` owns the code at `entry`.
#include "function.h"  // first: it includes Python.h

#include <stddef.h>
#include <structmember.h>

#include "brief.h"
#include "buffer.h"
#include "image.h"
#include "pydex_rt.h"

typedef struct {
  PyObject_HEAD
  vectorcallfunc call;
  void (*entry)(void *);
  program program;
  PyObject *slow_path, *on_raise, *keep;
  uint8_t brief_calls;  // brief.h
} Function;

typedef enum { DONE, MISFIT, FAILED } outcome;
enum { LARGE = 1 << 16 };  // bytes of arguments that are not gone through in a moment

// ---- a call ---------------------------------------------------------------------------------------------------
static int fill_params(const program *p, PyObject *const *args, int64_t *frame) {
  for (int64_t i = 0; i < p->nparams; i++) {
    const value *v = &p->params[i];
    if (v->kind == SCALAR && !read_scalar(v->dtype, args[i], &frame[v->slot])) return 0;
    if (v->kind == TABLE && !read_table(v, args[i], &frame[v->slot])) return 0;
  }
  return 1;
}

static int fill_sizes(const program *p, PyObject *const *args, int64_t *sizes) {
  for (int64_t i = 0; i < p->nsteps; i++) {
    const step *s = &p->steps[i];
    int64_t extent;
    if (s->axis < 0) {
      if (!read_size(args[s->param], &extent)) return 0;
    } else {
      extent = table_extent(args[s->param], s->axis);
    }
    if (!step_apply(s, extent, sizes)) return 0;
  }
  return checks_hold(p, sizes);
}

static outcome new_result(const value *v, const int64_t *sizes, PyObject **result) {
  int64_t extents[MAX_RANK];
  const int64_t *poly = v->extents;
  for (int64_t a = 0; a < v->rank; a++)
    if (!poly_value(poly, sizes, &extents[a], &poly) || extents[a] < 0) return MISFIT;
  *result = new_table(v->dtype, v->rank, extents);
  return *result ? DONE : FAILED;
}

static void drop_results(PyObject **results, int64_t count) {
  for (int64_t i = 0; i < count; i++) Py_CLEAR(results[i]);
}

static outcome fill_results(const program *p, int64_t *frame, PyObject **results) {
  for (int64_t i = 0; i < p->nresults; i++) {
    const value *v = &p->results[i];
    results[i] = NULL;
    if (v->kind == SCALAR) continue;
    outcome made = new_result(v, frame, &results[i]);
    if (made != DONE) {
      drop_results(results, i);
      return made;
    }
    frame[v->slot] = (int64_t)table_data(results[i]);
  }
  return DONE;
}

static void raise_error(const Function *f, const pdx_error *e) {
  if (e->site == PDX_OUT_OF_MEMORY) {
    PyErr_Format(PyExc_MemoryError, "cannot allocate %lld bytes for a temporary", (long long)e->a);
    return;
  }
  PyObject *error =
      PyObject_CallFunction(f->on_raise, "LLL", (long long)e->site, (long long)e->a, (long long)e->b);
  if (!error) return;
  if (PyExceptionInstance_Check(error)) {
    PyErr_SetObject((PyObject *)Py_TYPE(error), error);
  } else {
    PyErr_Format(PyExc_TypeError, "on_raise returned %R, which is not an exception", error);
  }
  Py_DECREF(error);
}

// The GIL is released, but not for what is sure to be brief.
static outcome run(Function *f, int64_t *frame, int64_t bytes) {
  pdx_error error;
  PyThreadState *released = f->brief_calls < BRIEF_CALLS || bytes > LARGE ? PyEval_SaveThread() : NULL;
  uint64_t start = brief_ticks();
  int raised = pdx_call(f->entry, frame, &error);
  if (f->program.has_tables) pdx_arena_age();
  uint64_t ticks = brief_ticks() - start;
  if (released) PyEval_RestoreThread(released);
  brief_note(&f->brief_calls, ticks);
  if (!raised) return DONE;
  raise_error(f, &error);
  return FAILED;
}

static int read_scalars(const program *p, const int64_t *frame, PyObject **results) {
  for (int64_t i = 0; i < p->nresults; i++) {
    const value *v = &p->results[i];
    if (v->kind == SCALAR && !(results[i] = scalar_from_slot(v->dtype, &frame[v->slot]))) return 0;
  }
  return 1;
}

static PyObject *pack(PyObject **results, int64_t count) {
  if (count == 1) return results[0];
  PyObject *tuple = PyTuple_New(count);
  for (int64_t i = 0; i < count; i++) {
    if (tuple) PyTuple_SET_ITEM(tuple, i, results[i]);
    else Py_DECREF(results[i]);
  }
  return tuple;
}

static int64_t bytes_of_tables(const program *p, PyObject *const *args) {
  int64_t bytes = 0;
  for (int64_t i = 0; i < p->nparams; i++)
    if (p->params[i].kind == TABLE) bytes += table_bytes(args[i]);
  return bytes;
}

static outcome call_fast(Function *f, PyObject *const *args, PyObject **result) {
  const program *p = &f->program;
  int64_t frame[p->nslots + 1];
  PyObject *results[p->nresults + 1];
  if (!fill_params(p, args, frame) || !fill_sizes(p, args, frame)) return MISFIT;
  outcome done = fill_results(p, frame, results);
  if (done != DONE) return done;
  if (run(f, frame, bytes_of_tables(p, args)) != DONE || !read_scalars(p, frame, results)) {
    drop_results(results, p->nresults);
    return FAILED;
  }
  *result = pack(results, p->nresults);
  return *result ? DONE : FAILED;
}

static PyObject *call_slow(Function *f, PyObject *const *args, Py_ssize_t nargs, PyObject *names) {
  PyObject *tuple = PyTuple_New(nargs), *named = PyDict_New(), *result = NULL;
  if (!tuple || !named) goto done;
  for (Py_ssize_t i = 0; i < nargs; i++) PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
  for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); i++)
    if (PyDict_SetItem(named, PyTuple_GET_ITEM(names, i), args[nargs + i])) goto done;
  result = PyObject_CallFunctionObjArgs(f->slow_path, (PyObject *)f, tuple, named, NULL);
done:
  Py_XDECREF(tuple);
  Py_XDECREF(named);
  return result;
}

PyObject *function_call(PyObject *self, PyObject *const *args, size_t flags, PyObject *names) {
  Function *f = (Function *)self;
  Py_ssize_t nargs = PyVectorcall_NARGS(flags);
  if (nargs == f->program.nparams && (!names || PyTuple_GET_SIZE(names) == 0)) {
    PyObject *result;
    outcome done = call_fast(f, args, &result);
    if (done != MISFIT) return done == DONE ? result : NULL;
  }
  return call_slow(f, args, nargs, names);
}

int64_t function_arity(PyObject *self) { return ((Function *)self)->program.nparams; }

static PyObject *retry(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
  Function *f = (Function *)self;
  PyObject *result;
  outcome done = nargs == f->program.nparams ? call_fast(f, args, &result) : MISFIT;
  if (done == MISFIT) PyErr_SetString(PyExc_SystemError, "the converted arguments do not fit the signature");
  return done == DONE ? result : NULL;
}

// ---- the type -------------------------------------------------------------------------------------------------
static int parse_program(Function *f, PyObject *words) {
  Py_buffer view;
  if (PyObject_GetBuffer(words, &view, PyBUF_SIMPLE)) return -1;
  int ok = program_parse(&f->program, view.buf, view.len / (Py_ssize_t)sizeof(int64_t));
  PyBuffer_Release(&view);
  if (!ok) PyErr_SetString(PyExc_ValueError, "not a program: see pydex/runtime/src/program.h");
  return ok ? 0 : -1;
}

static PyObject *function_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"entry", "program", "slow_path", "on_raise", "keep", NULL};
  unsigned long long entry;
  PyObject *words, *slow_path, *on_raise, *keep = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KOOO|O", names, &entry, &words, &slow_path, &on_raise, &keep))
    return NULL;
  Function *f = (Function *)type->tp_alloc(type, 0);
  if (!f) return NULL;
  f->call = function_call;
  f->entry = (void (*)(void *))(uintptr_t)entry;
  f->slow_path = Py_NewRef(slow_path);
  f->on_raise = Py_NewRef(on_raise);
  f->keep = Py_NewRef(keep);
  if (!parse_program(f, words)) return (PyObject *)f;
  Py_DECREF(f);
  return NULL;
}

static int function_traverse(PyObject *self, visitproc visit, void *arg) {
  Function *f = (Function *)self;
  Py_VISIT(f->slow_path);
  Py_VISIT(f->on_raise);
  Py_VISIT(f->keep);
  return 0;
}

static int function_clear(PyObject *self) {
  Function *f = (Function *)self;
  Py_CLEAR(f->slow_path);
  Py_CLEAR(f->on_raise);
  Py_CLEAR(f->keep);
  return 0;
}

static void function_dealloc(PyObject *self) {
  PyObject_GC_UnTrack(self);
  function_clear(self);
  program_free(&((Function *)self)->program);
  Py_TYPE(self)->tp_free(self);
}

static PyMethodDef function_methods[] = {
    {"retry", (PyCFunction)(void (*)(void))retry, METH_FASTCALL,
     "Calls with arguments that fit the signature exactly; SystemError if they do not."},
    {0}};

static PyMemberDef function_members[] = {
    {"slow_path", T_OBJECT, offsetof(Function, slow_path), READONLY, "slow_path(function, args, kwargs)"},
    {"on_raise", T_OBJECT, offsetof(Function, on_raise), READONLY, "on_raise(site, a, b) -> exception"},
    {"keep", T_OBJECT, offsetof(Function, keep), READONLY, "what owns the compiled code"},
    {0}};

PyTypeObject FunctionType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "pydex.runtime._native.Function",
    .tp_doc = "A compiled function: Function(entry, program, slow_path, on_raise, keep=None).",
    .tp_basicsize = sizeof(Function),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_new = function_new,
    .tp_dealloc = function_dealloc,
    .tp_traverse = function_traverse,
    .tp_clear = function_clear,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Function, call),
    .tp_methods = function_methods,
    .tp_members = function_members,
};

// ---- the module -----------------------------------------------------------------------------------------------
static PyObject *set_threads(PyObject *module, PyObject *n) {
  long long threads = PyLong_AsLongLong(n);
  if (threads == -1 && PyErr_Occurred()) return NULL;
  pdx_set_threads(threads);
  Py_RETURN_NONE;
}

static PyObject *get_threads(PyObject *module, PyObject *unused) { return PyLong_FromLongLong(pdx_get_threads()); }

static PyObject *set_blas(PyObject *module, PyObject *path) {
  const char *text = PyUnicode_AsUTF8(path);
  if (!text) return NULL;
  pdx_set_blas(text);
  Py_RETURN_NONE;
}

static PyObject *blas(PyObject *module, PyObject *unused) { return PyUnicode_DecodeFSDefault(pdx_blas()); }

static PyObject *arena_bytes(PyObject *module, PyObject *unused) { return PyLong_FromLongLong(pdx_arena_bytes()); }

static PyObject *trim(PyObject *module, PyObject *unused) {
  pdx_arena_trim();
  buffer_trim();
  Py_RETURN_NONE;
}

static PyObject *type_codes(PyObject *module, PyObject *arguments) {
  PyObject *sequence = PySequence_Fast(arguments, "expected arguments");
  PyObject *codes = sequence ? PyTuple_New(PySequence_Fast_GET_SIZE(sequence)) : NULL;
  for (Py_ssize_t i = 0; codes && i < PyTuple_GET_SIZE(codes); i++) {
    PyObject *code = PyLong_FromLong(type_code(PySequence_Fast_GET_ITEM(sequence, i)));
    if (code) PyTuple_SET_ITEM(codes, i, code);
    else Py_CLEAR(codes);
  }
  Py_XDECREF(sequence);
  return codes;
}

static PyMethodDef methods[] = {
    {"set_threads", set_threads, METH_O, "Threads of later parallel loops; below 1: all processors of this process."},
    {"get_threads", get_threads, METH_NOARGS, "Threads of parallel loops."},
    {"set_blas", set_blas, METH_O, "The OpenBLAS to open at the first contraction."},
    {"blas", blas, METH_NOARGS, "The path of the OpenBLAS in use; '' without one."},
    {"arena_bytes", arena_bytes, METH_NOARGS, "Bytes that this thread keeps for temporaries."},
    {"type_codes", type_codes, METH_O, "A number for the type of each argument, sizes apart; 0 where it has none."},
    {"trim", trim, METH_NOARGS, "Gives back what this thread keeps for temporaries, and freed results."},
    {0}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_native", "The native half of pydex.runtime.", -1, methods};

PyMODINIT_FUNC PyInit__native(void) {
  if (convert_setup() || dispatch_setup() || PyType_Ready(&FunctionType) || PyType_Ready(&ImageType)) return NULL;
  PyObject *m = PyModule_Create(&module);
  if (m && PyModule_AddObjectRef(m, "Function", (PyObject *)&FunctionType)) Py_CLEAR(m);
  if (m && PyModule_AddObjectRef(m, "Dispatcher", (PyObject *)&DispatcherType)) Py_CLEAR(m);
  if (m && PyModule_AddObjectRef(m, "Image", (PyObject *)&ImageType)) Py_CLEAR(m);
  return m;
}
