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

// Writes and flushes. Returns false if the text could not be written.
bool write(Stream stream, std::string_view text);
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
