// posix_spawn, since this process has threads. The configuration lies in a file that only the user
// can read and that goes away with the child.
//
// Signals: a handler passes on to the child what another process sent to this one. What a terminal
// sent (Ctrl-C) went to the child too, and is not repeated: a second Ctrl-C means "at once" to many
// programs. The child is reaped only after the handler has let go of its id, so that no signal
// reaches a stranger who got the same one.
#include "bindings/cli/child.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "bindings/cli/system.h"
#include "bindings/cli/terminal.h"

#ifdef __APPLE__
extern char** environ;
#endif

namespace holysheep::cli {
namespace {

constexpr int kNotStarted = 127;
constexpr int kSignalBase = 128;

std::atomic<pid_t> child_id{0};
std::atomic<int> passed_on{0};  // the last signal's number

void pass_on(int number, siginfo_t* info, void*) {
  if (info->si_code != SI_USER && info->si_code >= 0) return;  // a terminal's
  const int cause = errno;
  passed_on.store(number);
  const pid_t child = child_id.load();
  if (child > 0) kill(child, number);
  errno = cause;
}

// As long as it lives, signals that ask this process to end are the child's.
class PassSignalsOn {
 public:
  PassSignalsOn() {
    child_id.store(0);
    passed_on.store(0);
    struct sigaction action{};
    action.sa_sigaction = pass_on;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < kCount; ++i) {
      sigaction(kSignals[i], nullptr, &before_[i]);
      // What the parent chose to ignore (nohup, a shell's background jobs) stays ignored.
      if (before_[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
    }
  }
  ~PassSignalsOn() {
    for (std::size_t i = 0; i < kCount; ++i)
      sigaction(kSignals[i], &before_[i], nullptr);
  }
  PassSignalsOn(const PassSignalsOn&) = delete;
  PassSignalsOn& operator=(const PassSignalsOn&) = delete;

  // Those that came while there was no child yet, too.
  static void to(pid_t child) {
    child_id.store(child);
    const int early = passed_on.load();
    if (early != 0) kill(child, early);
  }

 private:
  static constexpr std::size_t kCount = 3;
  static constexpr int kSignals[kCount] = {SIGTERM, SIGINT, SIGHUP};
  struct sigaction before_[kCount]{};
};

int wait_for(pid_t child) {
  siginfo_t ended{};
  while (waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) < 0) {
    if (errno != EINTR) return kNotStarted;
  }
  child_id.store(0);
  int status = 0;
  waitpid(child, &status, 0);
  if (passed_on.load() != 0) return kSignalBase + passed_on.load();
  return WIFSIGNALED(status) ? kSignalBase + WTERMSIG(status) : WEXITSTATUS(status);
}

int run(const std::vector<std::string>& command) {
  std::vector<char*> words;
  words.reserve(command.size() + 1);
  for (const std::string& word : command)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, words[0], nullptr, nullptr, words.data(), environ);
  if (failed != 0) {
    complain("cannot run " + command[0] + ": " + reason_of(failed));
    return kNotStarted;
  }
  PassSignalsOn::to(child);
  return wait_for(child);
}

}  // namespace

int run_child(const std::vector<std::string>& command, std::string_view configuration) {
  const PassSignalsOn signals;  // from here on, so that the file is never left behind
  const char* folder = environment_variable("TMPDIR");
  std::string path = std::string(folder == nullptr ? "/tmp" : folder) + "/holysheep-mock-XXXXXX";
  const int file = mkstemp(path.data());
  if (file < 0 || !write_all(file, configuration)) {
    complain("cannot write " + path + ": " + reason_of(errno));
    if (file >= 0) {
      close(file);
      unlink(path.c_str());
    }
    return kNotStarted;
  }
  close(file);
  setenv("HOLYSHEEP_CONFIG", path.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  const int status = run(command);
  unlink(path.c_str());
  return status;
}

}  // namespace holysheep::cli
