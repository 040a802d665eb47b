/** One place in a {@link LinkedList}. */
export class Link<T> {
  readonly value: T;
  isLinked = false;
  previous: Link<T> | undefined;
  next: Link<T> | undefined;

  constructor(value: T) {
    this.value = value;
  }
}

/** A doubly linked list. JavaScript's Set and Map would skip over the deleted first items again and again. */
export class LinkedList<T> {
  first: Link<T> | undefined;
  #last: Link<T> | undefined;

  append(link: Link<T>): Link<T> {
    link.isLinked = true;
    link.previous = this.#last;
    link.next = undefined;
    if (this.#last === undefined) this.first = link;
    else this.#last.next = link;
    this.#last = link;
    return link;
  }

  /** Returns whether the link was in the list. */
  remove(link: Link<T>): boolean {
    if (!link.isLinked) return false;
    link.isLinked = false;
    if (link.previous === undefined) this.first = link.next;
    else link.previous.next = link.next;
    if (link.next === undefined) this.#last = link.previous;
    else link.next.previous = link.previous;
    return true;
  }
}
