// PyEval_RestoreThread() that never returns once the interpreter ends, on other threads than the
// main one: they stay here until the process is gone.
//
// In C, since there a cleanup handler is a jump to this frame. Before 3.14 Python ends a thread
// that waits for the GIL with pthread_exit(), which would unwind the C++ frames that called here:
// with libgcc, though they were compiled for another unwinder.
#include <Python.h>
#include <pthread.h>
#include <unistd.h>

static void stay(void* unused) {
  (void)unused;
  for (;;) {
    pause();
  }
}

void holysheep_take_gil(PyThreadState* state);

void holysheep_take_gil(PyThreadState* state) {
  pthread_cleanup_push(stay, NULL);
  PyEval_RestoreThread(state);
  pthread_cleanup_pop(0);
}
