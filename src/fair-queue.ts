import { Link, LinkedList } from './linked-list.ts';

/** A queue whose owners take turns: one item from each in rotation. An owner's own items keep their order of arrival. */
export interface FairQueue<T> {
  readonly size: number;
  /** Adds an item behind its owner's others. The function that it returns takes the item out, if it is still in. */
  push(owner: object | string, item: T): () => void;
  /** Takes out the item whose turn it is. It gives `undefined` when there is none. */
  take(): T | undefined;
  /** Takes out the first item of this owner, whose turn it need not be. It gives `undefined` when there is none. */
  takeOf(owner: object | string): T | undefined;
}

interface Lane<T> {
  readonly owner: object | string;
  readonly items: LinkedList<T>;
}

/** Each operation takes constant time, however many owners and items there are. */
export function createFairQueue<T>(): FairQueue<T> {
  /** The lanes that have items, in the order of their turns. */
  const lanes = new LinkedList<Lane<T>>();
  const laneOf = new Map<object | string, Link<Lane<T>>>();
  let lastOwner: object | string | undefined;
  let size = 0;

  function openLane(owner: object | string): Link<Lane<T>> {
    const lane = lanes.append(new Link({ owner, items: new LinkedList<T>() }));
    laneOf.set(owner, lane);
    return lane;
  }

  function remove(lane: Link<Lane<T>>, item: Link<T>): void {
    const { owner, items } = lane.value;
    if (!items.remove(item)) return;
    size -= 1;
    if (items.first !== undefined) return;
    lanes.remove(lane);
    laneOf.delete(owner);
  }

  function moveToEnd(lane: Link<Lane<T>>): void {
    if (lanes.remove(lane)) lanes.append(lane);
  }

  function takeFrom(lane: Link<Lane<T>> | undefined): T | undefined {
    const item = lane?.value.items.first;
    if (lane === undefined || item === undefined) return undefined;
    remove(lane, item);
    moveToEnd(lane);
    lastOwner = lane.value.owner;
    return item.value;
  }

  return {
    get size() {
      return size;
    },
    push(owner, value) {
      const lane = laneOf.get(owner) ?? openLane(owner);
      const item = lane.value.items.append(new Link(value));
      size += 1;
      return () => remove(lane, item);
    },
    take() {
      // The owner that was served last goes behind the others, even when it came back before them.
      if (lanes.first !== undefined && lanes.first.value.owner === lastOwner) moveToEnd(lanes.first);
      return takeFrom(lanes.first);
    },
    takeOf: (owner) => takeFrom(laneOf.get(owner)),
  };
}
