// Memory of result arrays: 64-byte aligned, and large blocks that were freed are used again.
#pragma once
#include <stddef.h>

void *buffer_new(size_t bytes);
void buffer_free(void *data, size_t bytes);
void *buffer_resize(void *data, size_t bytes);
void buffer_trim(void);  // frees the blocks that wait to be used again
