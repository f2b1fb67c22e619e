// The OpenMP runtime of this process, found when it is first needed.
#pragma once
#include <stdint.h>

typedef void (*pdx_team_body)(void *shared);

// Runs body(shared) on a team of up to `threads` threads, this one among them. Returns 0 if there is no OpenMP
// runtime: then nothing has run.
int pdx_run_team(int32_t threads, pdx_team_body body, void *shared);
