// Lines into descriptors that nobody reads: nothing blocks, and what is lost is lost as whole lines
// and counted.
#include "core/line_sink.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

using namespace holysheep;

namespace {

// Two ends, closed at the end of the test.
struct Ends {
  int read = -1;
  int write = -1;
  ~Ends() {
    close(read);
    close(write);
  }
};

void open_ends(const std::string& kind, Ends& ends) {
  int two[2] = {-1, -1};
  if (kind == "pipe") {
    REQUIRE(pipe(two) == 0);
  } else if (kind == "socket") {
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, two) == 0);
  } else {
    two[0] = posix_openpt(O_RDWR | O_NOCTTY);
    REQUIRE(two[0] >= 0);
    REQUIRE(grantpt(two[0]) == 0);
    REQUIRE(unlockpt(two[0]) == 0);
    two[1] = open(ptsname(two[0]), O_RDWR | O_NOCTTY);
    REQUIRE(two[1] >= 0);
  }
  ends.read = two[0];
  ends.write = two[1];
}

// What is there now, without the carriage returns that terminals add.
std::string take(int descriptor) {
  fcntl(descriptor, F_SETFL, O_NONBLOCK);
  std::string all;
  char buffer[65536];
  for (;;) {
    const ssize_t got = read(descriptor, buffer, sizeof buffer);
    if (got <= 0) break;
    all.append(buffer, static_cast<std::size_t>(got));
  }
  all.erase(std::remove(all.begin(), all.end(), '\r'), all.end());
  return all;
}

}  // namespace

TEST_CASE("a sink that nobody reads drops whole lines, and goes on when somebody does") {
  const std::string kind = GENERATE("pipe", "socket", "terminal");
  INFO(kind);
  const std::string line(GENERATE(100U, 6000U), 'x');
  Ends ends;
  open_ends(kind, ends);
  LineSink sink(ends.write);
  int accepted = 0;
  constexpr int kLines = 10'000;
  for (int i = 0; i < kLines; ++i)
    accepted += sink.write(line + "\n") ? 1 : 0;
  CHECK(accepted > 0);
  CHECK(sink.dropped() == static_cast<std::uint64_t>(kLines - accepted));
  CHECK(sink.dropped() > 0);

  std::string all = take(ends.read);
  CHECK(sink.write("the last\n"));  // after the rest of the line that had been begun
  all += take(ends.read);
  std::string wanted;
  for (int i = 0; i < accepted; ++i)
    wanted += line + "\n";
  CHECK(all == wanted + "the last\n");
}

TEST_CASE("a sink leaves its descriptor's mode alone, and a file takes everything") {
  char path[] = "/tmp/holysheep-line-sink-XXXXXX";
  const int file = mkstemp(path);
  REQUIRE(file >= 0);
  unlink(path);
  LineSink sink(file);
  const std::string line(5000, 'y');
  for (int i = 0; i < 100; ++i)
    REQUIRE(sink.write(line + "\n"));
  CHECK(sink.dropped() == 0);
  CHECK(lseek(file, 0, SEEK_END) == 100 * 5001);
  CHECK((fcntl(file, F_GETFL) & O_NONBLOCK) == 0);
  close(file);
}

TEST_CASE("a sink whose descriptor is closed drops and counts") {
  Ends ends;
  open_ends("pipe", ends);
  LineSink sink(ends.write);
  close(ends.write);
  ends.write = -1;
  CHECK_FALSE(sink.write("a line\n"));
  CHECK(sink.dropped() == 1);
}
