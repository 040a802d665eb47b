// p-queue's types name this part of the DOM's, which Node's own types leave out.
interface AddEventListenerOptions {
  once?: boolean;
  signal?: AbortSignal;
}
