/** Ask the worker to do something, and wait for its answer. */

import { type Request, type Response, type Work } from "../messages.js";

/** What waits for an answer. */
interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The page's end of the worker. */
export class Client {
  readonly #worker = new Worker(new URL("../worker.js", import.meta.url), { type: "module" });
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<Response>) => this.#settle(data);
    this.#worker.onerror = (event) => {
      const error = new Error(event.message || "The worker could not be started.");
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    };
  }

  /** Ask for a piece of work; rejects with an Error whose message is for people. */
  ask<Kind extends keyof Work>(
    kind: Kind,
    argument: Work[Kind]["argument"],
  ): Promise<Work[Kind]["result"]> {
    const id = this.#count++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      this.#worker.postMessage({ id, kind, argument } as Request);
    });
  }

  #settle(response: Response): void {
    const waiting = this.#waiting.get(response.id);
    this.#waiting.delete(response.id);
    if ("error" in response) waiting?.reject(new Error(response.error));
    else waiting?.resolve(response.result);
  }
}
