/* A stream: pieces of the answer as they come, with credit given back for each.
 *
 *   cc -std=c99 stream.c $(pkg-config --cflags --libs holysheep) -o stream
 *   HOLYSHEEP_API_KEY=... ./stream "Say hello" */
#include <stdio.h>

#include "examples.h"

/* Reads the events of one request until its DONE. */
static holysheep_status read_stream(holysheep_client* client, holysheep_queue* queue,
                                    holysheep_request_id id) {
  for (;;) {
    holysheep_batch* batch = NULL;
    holysheep_status drained = holysheep_queue_drain(queue, 0, -1, &batch);
    if (drained != HOLYSHEEP_OK) return drained;
    for (size_t i = 0; i < holysheep_batch_count(batch); ++i) {
      holysheep_event event = HOLYSHEEP_EVENT_INIT;
      holysheep_batch_event(batch, i, &event);
      if (event.kind == HOLYSHEEP_EVENT_DATA) {
        /* The data of one server-sent event: a JSON object. */
        printf("%.*s\n", (int)event.data_size, event.data);
        holysheep_credit(client, id, event.data_size);
      } else if (event.kind == HOLYSHEEP_EVENT_DONE) {
        holysheep_status status = event.status;
        if (status != HOLYSHEEP_OK) {
          fprintf(stderr, "%s: %.*s\n", holysheep_status_name(status), (int)event.name_size,
                  event.name);
        }
        holysheep_batch_free(batch);
        return status;
      }
    }
    holysheep_batch_free(batch);
  }
}

int main(int count, char** arguments) {
  const char* prompt = count > 1 ? arguments[1] : "Say hello";
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  holysheep_client* client = example_open(&error);
  holysheep_queue* queue = NULL;
  if (client == NULL || holysheep_queue_new(&queue) != HOLYSHEEP_OK) {
    fprintf(stderr, "cannot open the pool: %s\n", error.message);
    holysheep_client_free(client);
    return 1;
  }

  char body[4096];
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  request.body = example_body(body, sizeof body, prompt, 1);
  request.stream = HOLYSHEEP_STREAM_EVENTS;
  holysheep_request_id id = 0;
  holysheep_status status = HOLYSHEEP_E_REQUEST;
  if (request.body != NULL) status = holysheep_submit(client, queue, &request, &id, &error);
  if (status != HOLYSHEEP_OK) {
    fprintf(stderr, "not accepted: %s\n", error.message);
  } else {
    status = read_stream(client, queue, id);
  }
  holysheep_queue_free(queue);
  holysheep_client_free(client);
  return status == HOLYSHEEP_OK ? 0 : 1;
}
