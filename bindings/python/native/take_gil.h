// Taking the GIL back after a wait.
#pragma once

#include <Python.h>

#ifdef __cplusplus
extern "C" {
#endif

// As PyEval_RestoreThread(). Once the interpreter ends, does not return on other threads than the
// main one; they stay here until the process is gone.
void holysheep_take_gil(PyThreadState* state);

#ifdef __cplusplus
}
#endif
