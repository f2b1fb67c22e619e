#include "program.h"

#include <stdlib.h>
#include <string.h>

// ---- parsing --------------------------------------------------------------------------------------------------
typedef struct {
  const int64_t *at, *end;
  int bad;
} reader;

static int64_t next(reader *r) {
  if (r->at < r->end) return *r->at++;
  r->bad = 1;
  return 0;
}

static int64_t next_in(reader *r, int64_t low, int64_t high) {
  int64_t word = next(r);
  if (word >= low && word < high) return word;
  r->bad = 1;
  return low;
}

static const int64_t *next_poly(reader *r, int64_t nsymbols) {
  const int64_t *start = r->at;
  int64_t terms = next_in(r, 0, 1 << 20);
  for (int64_t t = 0; t < terms && !r->bad; t++) {
    next(r);
    int64_t degree = next_in(r, 0, 1 << 20);
    for (int64_t d = 0; d < degree && !r->bad; d++) next_in(r, 0, nsymbols);
  }
  return start;
}

// Room for the next `count` things; the count is a word of the program.
static void *next_array(reader *r, int64_t *count, size_t size) {
  *count = next_in(r, 0, 1 << 20);
  void *array = calloc(*count ? (size_t)*count : 1, size);
  if (!array) r->bad = 1;
  return array;
}

static void read_value(reader *r, value *v, int64_t nslots) {
  v->kind = (kind)next_in(r, SCALAR, SIZE + 1);
  v->dtype = (dtype)next_in(r, F32, BOOL + 1);
  v->rank = next_in(r, 0, MAX_RANK + 1);
  v->slot = next_in(r, 0, nslots + 1);
}

static void read_params(reader *r, program *p) {
  p->params = next_array(r, &p->nparams, sizeof *p->params);
  for (int64_t i = 0; i < p->nparams && !r->bad; i++) {
    value *v = &p->params[i];
    read_value(r, v, p->nslots);
    int64_t slots = v->kind == SIZE ? 0 : v->kind == SCALAR ? 1 : 1 + v->rank;
    if (v->slot + slots > p->nslots) r->bad = 1;
  }
}

static void read_steps(reader *r, program *p) {
  p->steps = next_array(r, &p->nsteps, sizeof *p->steps);
  for (int64_t i = 0; i < p->nsteps && !r->bad; i++) {
    step *s = &p->steps[i];
    s->param = next_in(r, 0, p->nparams);
    s->axis = next_in(r, -1, MAX_RANK);
    s->symbol = next_in(r, -1, p->nsymbols);
    s->coef = next_poly(r, p->nsymbols);
    s->rest = next_poly(r, p->nsymbols);
    if (r->bad) return;
    const value *v = &p->params[s->param];
    if (v->kind == SIZE ? s->axis != -1 : s->axis < 0 || s->axis >= v->rank) r->bad = 1;
  }
}

static void read_results(reader *r, program *p) {
  p->results = next_array(r, &p->nresults, sizeof *p->results);
  for (int64_t i = 0; i < p->nresults && !r->bad; i++) {
    value *v = &p->results[i];
    read_value(r, v, p->nslots);
    if (v->kind == SIZE || v->slot >= p->nslots) r->bad = 1;
    v->extents = r->at;
    for (int64_t a = 0; a < v->rank && !r->bad; a++) next_poly(r, p->nsymbols);
  }
}

static void read_checks(reader *r, program *p) {
  p->checks = next_array(r, &p->nchecks, sizeof *p->checks);
  for (int64_t i = 0; i < p->nchecks && !r->bad; i++) {
    p->checks[i].bound = next(r);
    p->checks[i].poly = next_poly(r, p->nsymbols);
  }
}

int program_parse(program *p, const int64_t *words, int64_t count) {
  memset(p, 0, sizeof *p);
  p->words = malloc(count > 0 ? (size_t)count * sizeof *words : 1);
  if (!p->words) return 0;
  memcpy(p->words, words, (size_t)count * sizeof *words);
  reader r = {p->words, p->words + count, 0};
  p->nsymbols = next_in(&r, 0, 1 << 20);
  p->nslots = next_in(&r, p->nsymbols, 1 << 16);
  p->has_tables = next(&r);
  if (!r.bad) read_params(&r, p);
  if (!r.bad) read_steps(&r, p);
  if (!r.bad) read_results(&r, p);
  if (!r.bad) read_checks(&r, p);
  if (!r.bad && r.at == r.end) return 1;
  program_free(p);
  return 0;
}

void program_free(program *p) {
  free(p->params);
  free(p->results);
  free(p->steps);
  free(p->checks);
  free(p->words);
  memset(p, 0, sizeof *p);
}

// ---- sizes ----------------------------------------------------------------------------------------------------
int poly_value(const int64_t *poly, const int64_t *sizes, int64_t *result, const int64_t **end) {
  int64_t terms = *poly++, sum = 0;
  int overflow = 0;
  while (terms--) {
    int64_t product = *poly++;
    int64_t degree = *poly++;
    while (degree--) overflow |= __builtin_mul_overflow(product, sizes[*poly++], &product);
    overflow |= __builtin_add_overflow(sum, product, &sum);
  }
  *result = sum;
  if (end) *end = poly;
  return !overflow;
}

int step_apply(const step *s, int64_t extent, int64_t *sizes) {
  int64_t rest, coef;
  if (!poly_value(s->rest, sizes, &rest, NULL)) return 0;
  if (s->symbol < 0) return extent == rest;
  if (!poly_value(s->coef, sizes, &coef, NULL) || __builtin_sub_overflow(extent, rest, &extent)) return 0;
  if (coef != 1) {
    if (coef == 0 || (coef == -1 && extent == INT64_MIN) || extent % coef) return 0;
    extent /= coef;
  }
  sizes[s->symbol] = extent;
  return extent >= 0;
}

int checks_hold(const program *p, const int64_t *sizes) {
  for (int64_t i = 0; i < p->nchecks; i++) {
    int64_t value;
    if (!poly_value(p->checks[i].poly, sizes, &value, NULL) || value < p->checks[i].bound) return 0;
  }
  return 1;
}
