#include "core/process_id.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

using holysheep::process_id;

TEST_CASE("process id: a child of fork() knows its own, and its own child again") {
  REQUIRE(process_id() == getpid());
  REQUIRE(process_id() == getpid());
  const pid_t child = fork();
  if (child == 0) {
    if (process_id() != getpid()) _exit(1);
    const pid_t grandchild = fork();
    if (grandchild == 0) _exit(process_id() == getpid() ? 0 : 1);
    int status = 0;
    waitpid(grandchild, &status, 0);
    _exit(process_id() == getpid() && status == 0 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
  REQUIRE(process_id() == getpid());
}
