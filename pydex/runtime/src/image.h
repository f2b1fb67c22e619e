// Machine code from the cache (image.c).
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>

extern PyTypeObject ImageType;
