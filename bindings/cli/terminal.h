// What standard output and standard error are, and writing to them: colours only on a terminal and
// never with NO_COLOR, control characters of foreign text never on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace holysheep::cli {

enum class Stream { output, error };
enum class Colour { none, bold, dim, red, green, yellow };

bool is_terminal(Stream stream);
bool input_is_terminal();
bool has_colours(Stream stream);
int terminal_columns();

// Opens those of descriptors 0, 1 and 2 that the parent closed, before a socket can become one of
// them and be written to: the wrong way round, so that reading and writing fail as if they were
// closed. False: it cannot be done.
bool hold_standard_streams();

// Writes at once. Returns false if not all of it could be written; for standard output that decides
// the exit status (end_output), so only who would go on for nothing needs to look.
bool write(Stream stream, std::string_view text);
bool output_failed();
// The exit status of a command that ended with `status`: `failed` instead of 0, and a line on
// standard error, if standard output did not take everything. Closes it.
int end_output(int status, int failed);
// Writes all of it, however often that takes. False: errno says why.
bool write_all(int descriptor, std::string_view text);
// The text in a colour, if the stream shows any.
std::string paint(Stream stream, Colour colour, std::string_view text);
// "holysheep chat: message" on standard error; commands set the name once.
void set_command_name(std::string_view name);
void complain(std::string_view message);
// Text from outside, fit for a terminal: control characters but newline and tab are dropped. Keeps
// state, since a stream may cut a character in two.
class Printable {
 public:
  std::string filter(std::string_view text);

 private:
  bool after_c2_ = false;  // U+0080 … U+009F, terminal controls too, are C2 80 … C2 9F in UTF-8
};

// Reads a whole file; "-" is standard input. False: it could not be read (errno says why).
bool read_file(const std::string& path, std::string* content);

}  // namespace holysheep::cli
