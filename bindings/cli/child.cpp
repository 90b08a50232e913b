// posix_spawn, since this process has threads. The configuration lies in a file that only the user
// can read and that goes away with the child.
#include "bindings/cli/child.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "bindings/cli/terminal.h"

extern char** environ;

namespace holysheep::cli {
namespace {

constexpr int kNotStarted = 127;
constexpr int kSignalBase = 128;

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return kNotStarted;
  }
  return WIFSIGNALED(status) ? kSignalBase + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

int run_child(const std::vector<std::string>& command, std::string_view configuration) {
  const char* folder = std::getenv("TMPDIR");
  std::string path = std::string(folder == nullptr ? "/tmp" : folder) + "/holysheep-mock-XXXXXX";
  const int file = mkstemp(path.data());
  if (file < 0 || !write_all(file, configuration)) {
    complain("cannot write " + path + ": " + std::strerror(errno));
    if (file >= 0) close(file);
    return kNotStarted;
  }
  close(file);
  setenv("HOLYSHEEP_CONFIG", path.c_str(), 1);
  std::vector<char*> words;
  for (const std::string& word : command)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, words[0], nullptr, nullptr, words.data(), environ);
  if (failed != 0) complain("cannot run " + command[0] + ": " + std::strerror(failed));
  const int status = failed != 0 ? kNotStarted : wait_for(child);
  unlink(path.c_str());
  return status;
}

}  // namespace holysheep::cli
