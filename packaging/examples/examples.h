/* What the three examples share: opening a pool and writing a request's body. A real program has a
 * JSON library for the latter. */
#ifndef EXAMPLES_H
#define EXAMPLES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "holysheep.h"

/* The pool of the file that HOLYSHEEP_CONFIG names; without it the default: HolySheep's three
 * endpoints with the key from HOLYSHEEP_API_KEY. */
static holysheep_client* example_open(holysheep_error* error) {
  char config[65536] = "";
  size_t size = 0;
  const char* path = getenv("HOLYSHEEP_CONFIG");
  if (path != NULL) {
    FILE* file = fopen(path, "rb");
    if (file == NULL) {
      strcpy(error->message, "the file that HOLYSHEEP_CONFIG names cannot be read");
      return NULL;
    }
    size = fread(config, 1, sizeof config, file);
    fclose(file);
  }
  holysheep_client* client = NULL;
  holysheep_client_open(config, size, &client, error);
  return client;
}

/* A chat completion's body, or NULL if it does not fit. */
static const char* example_body(char* body, size_t size, const char* prompt, int stream) {
  char quoted[3000];
  size_t used = 0;
  for (; *prompt != '\0'; ++prompt) {
    unsigned char byte = (unsigned char)*prompt;
    if (used + 7 > sizeof quoted) return NULL;
    if (byte < 0x20) {
      used += (size_t)snprintf(quoted + used, sizeof quoted - used, "\\u%04x", (unsigned)byte);
    } else {
      if (byte == '"' || byte == '\\') quoted[used++] = '\\';
      quoted[used++] = *prompt;
    }
  }
  quoted[used] = '\0';
  int length = snprintf(body, size,
                        "{\"model\":\"gpt-4.1\",\"stream\":%s,"
                        "\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}",
                        stream ? "true" : "false", quoted);
  return length > 0 && (size_t)length < size ? body : NULL;
}

#endif
