/* One blocking call: the smallest whole program.
 *
 *   cc -std=c99 chat.c $(pkg-config --cflags --libs holysheep) -o chat
 *   HOLYSHEEP_API_KEY=... ./chat "Say hello"
 *
 * The pool is the one of the file that HOLYSHEEP_CONFIG names, if it is set: examples.h. */
#include <stdio.h>

#include "examples.h"

int main(int count, char** arguments) {
  const char* prompt = count > 1 ? arguments[1] : "Say hello";
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  holysheep_client* client = example_open(&error);
  if (client == NULL) {
    fprintf(stderr, "cannot open the pool: %s\n", error.message);
    return 1;
  }

  char body[4096];
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  request.body = example_body(body, sizeof body, prompt, 0);
  if (request.body == NULL) {
    fprintf(stderr, "the prompt is too long for this example\n");
    holysheep_client_free(client);
    return 1;
  }

  holysheep_batch* batch = NULL;
  holysheep_status status = holysheep_call(client, &request, &batch, &error);
  if (status == HOLYSHEEP_OK) {
    /* The last event is DONE; its data is the provider's body, untouched. */
    size_t last = holysheep_batch_count(batch) - 1;
    holysheep_event done = HOLYSHEEP_EVENT_INIT;
    holysheep_batch_event(batch, last, &done);
    fwrite(done.data, 1, done.data_size, stdout);
    putchar('\n');

    /* What stands beside the body: who served it, how many attempts, tokens, cost. */
    const char* meta = NULL;
    size_t meta_size = 0;
    if (holysheep_batch_meta(batch, last, &meta, &meta_size) == HOLYSHEEP_OK) {
      fprintf(stderr, "%.*s\n", (int)meta_size, meta);
    }
  } else {
    fprintf(stderr, "%s: %s\n", holysheep_status_name(status), error.message);
  }
  holysheep_batch_free(batch);
  holysheep_client_free(client);
  return status == HOLYSHEEP_OK ? 0 : 1;
}
