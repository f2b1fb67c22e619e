// A signature as the C side sees it: the array of int64 words that Signature.encode (pydex/runtime/signature.py) makes.
//
//   program  = nsymbols nslots has_tables  nparams param*  nsteps step*  nresults result*  nchecks check*
//   param    = kind dtype rank slot                 slot: the first one of the frame that is its own
//   step     = param axis symbol coef:poly rest:poly   symbol := (extent - rest) / coef; symbol -1: extent == rest
//   result   = kind dtype rank slot poly*rank
//   check    = bound:int poly                       poly >= bound
//   poly     = nterms (coefficient degree symbol*degree)*nterms
//
// An axis of -1 is the value of a size parameter. A step mentions only symbols that earlier steps have bound.
#pragma once
#include <stdint.h>

typedef enum { SCALAR, TABLE, SIZE } kind;
typedef enum { F32, F64, I8, I16, I32, I64, U8, U16, U32, U64, BOOL } dtype;
enum { MAX_RANK = 32 };

typedef struct {
  kind kind;
  dtype dtype;
  int64_t rank, slot;
  const int64_t *extents;  // of a result: rank polynomials
} value;

typedef struct {
  int64_t param, axis, symbol;
  const int64_t *coef, *rest;
} step;

typedef struct {
  int64_t bound;
  const int64_t *poly;
} check;

typedef struct {
  int64_t nsymbols, nslots, has_tables, nparams, nsteps, nresults, nchecks;
  value *params, *results;
  step *steps;
  check *checks;
  int64_t *words;
} program;

int program_parse(program *p, const int64_t *words, int64_t count);  // 0 if the words are not a program
void program_free(program *p);

// *result = the polynomial's value, *end = the word after it; 0 on overflow.
int poly_value(const int64_t *poly, const int64_t *sizes, int64_t *result, const int64_t **end);
// Binds or checks one symbol against an extent; 0 if it does not fit.
int step_apply(const step *s, int64_t extent, int64_t *sizes);
int checks_hold(const program *p, const int64_t *sizes);
