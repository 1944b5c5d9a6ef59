/** The worker, in which all heavy work is done, so that the page stays responsive. */

import { type Request, type Response } from "./messages.js";
import { Studio } from "./studio.js";

const studio = new Studio();
let queue: Promise<void> = Promise.resolve();

/** Do what a request asks for. */
function perform(request: Request): Promise<unknown> {
  switch (request.kind) {
    case "load":
      return studio.load();
    case "open":
      return studio.open(request.argument);
    case "color":
      return studio.color(request.argument);
    case "candidates":
      return studio.candidates(request.argument);
    case "save":
      return studio.save(request.argument);
  }
}

/** Answer a request with its result, or with a message about what went wrong. */
async function answer(request: Request): Promise<void> {
  let response: Response;
  try {
    response = { id: request.id, result: await perform(request) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    response = { id: request.id, error: message };
  }
  self.postMessage(response);
}

// One request after another: ONNX Runtime runs one at a time, and a photograph may be replaced.
// Only loading the network does not keep a photograph from being decoded meanwhile.
self.onmessage = ({ data }: MessageEvent<Request>): void => {
  if (data.kind === "load") void answer(data);
  else queue = queue.then(() => answer(data));
};
