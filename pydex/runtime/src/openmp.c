// Threads come from an OpenMP runtime of LLVM's family (libiomp5 or libomp) that the process already has, since two
// thread pools would fight for the processors; else from the one that pdx_set_openmp named, or the system's. GCC's
// libgomp cannot serve: it hangs in the child of a fork.
#define _GNU_SOURCE
#include "openmp.h"
#include "pydex_rt.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#ifdef __linux__
#include <link.h>
#endif

typedef struct {
  int32_t reserved_1, flags, reserved_2, reserved_3;
  const char *source;
} location;  // LLVM's ident_t
typedef void (*micro)(int32_t *thread, int32_t *bound, ...);

static void (*fork_call)(location *, int32_t, micro, ...);
static void (*push_num_threads)(location *, int32_t, int32_t);
static int32_t (*global_thread_num)(location *);

static location here = {0, 2 /* called through kmpc */, 0, 0, ";pydex;pdx_parallel;0;0;;"};
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char *named;   // by pdx_set_openmp
static char *in_use;  // path

// Without the runtime's own handler its teams do not survive a fork: the child would wait for threads that are gone.
// (scikit-learn sets this variable when it is imported.) So the child then runs by itself.
static void in_child(void) { fork_call = NULL; }

static void survive_fork(void) {
  const char *handler = getenv("KMP_INIT_AT_FORK");
  if (handler && strcasecmp(handler, "true") && strcmp(handler, "1")) pthread_atfork(NULL, NULL, in_child);
}

static int bind(void *library, const char *path) {
  if (!library) return 0;
  *(void **)&push_num_threads = dlsym(library, "__kmpc_push_num_threads");
  *(void **)&global_thread_num = dlsym(library, "__kmpc_global_thread_num");
  *(void **)&fork_call = dlsym(library, "__kmpc_fork_call");
  if (!push_num_threads || !global_thread_num || !fork_call) {
    fork_call = NULL;
    return 0;
  }
  in_use = strdup(path);
  survive_fork();
  return 1;
}

#ifdef __linux__
static int is_openmp(const char *path) {
  const char *slash = strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  return !strncmp(name, "libiomp5.", 9) || !strncmp(name, "libomp.", 7) || !strncmp(name, "libomp-", 7);
}

static int find_loaded(struct dl_phdr_info *info, size_t size, void *found) {
  if (!is_openmp(info->dlpi_name)) return 0;
  *(char **)found = strdup(info->dlpi_name);
  return 1;
}

static int bind_loaded(void) {
  char *path = NULL;
  dl_iterate_phdr(find_loaded, &path);
  int ok = path && bind(dlopen(path, RTLD_NOW | RTLD_NOLOAD), path);
  free(path);
  return ok;
}
#else
static int bind_loaded(void) { return bind(RTLD_DEFAULT, "already loaded"); }
#endif

// Idle workers may spin for this many milliseconds; the runtime's own default, 200, starves everybody else.
static void limit_spinning(void *library) {
  void (*set_defaults)(const char *);
  *(void **)&set_defaults = dlsym(library, "kmp_set_defaults");
  if (set_defaults && !getenv("KMP_BLOCKTIME")) set_defaults("KMP_BLOCKTIME=1");
}

static int bind_new(const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!bind(library, path)) return 0;
  limit_spinning(library);
  return 1;
}

static void find_openmp(void) {
  static const char *const names[] = {"libiomp5.so", "libomp.so.5", "libomp.so", "libomp.dylib", "libiomp5.dylib"};
  if (bind_loaded()) return;
  if (named && bind_new(named)) return;
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
    if (bind_new(names[i])) return;
}

static void micro_task(int32_t *thread, int32_t *bound, pdx_team_body *body, void *shared) { (*body)(shared); }

int pdx_run_team(int32_t threads, pdx_team_body body, void *shared) {
  pthread_once(&once, find_openmp);
  if (!fork_call) return 0;
  push_num_threads(&here, global_thread_num(&here), threads);
  fork_call(&here, 2, (micro)(void *)micro_task, &body, shared);
  return 1;
}

void pdx_set_openmp(const char *path) {
  free(named);
  named = strdup(path);
}

const char *pdx_openmp(void) {
  pthread_once(&once, find_openmp);
  return in_use ? in_use : "";
}
