// The id of the process that runs, for noticing on each call that an object was made before fork().
// getpid() is a system call each time; here the number lies in a page that the kernel empties in
// the child of a fork, so that asking costs one load. Where that is not to be had, it is getpid().
//
// Threads: any.
#pragma once

#include <sys/types.h>

namespace holysheep {

pid_t process_id();

}  // namespace holysheep
