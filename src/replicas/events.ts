import type { EventEmitter } from 'node:events';

/**
 * Why a replica is alone. `connecting`: it has not joined yet. `lost`: the connection broke. `slow`: commands had no answer
 * within their deadline. `refused`: Redis or the network refused, such as for the password. `closed`: the gateway stops.
 */
export type AloneReason = 'connecting' | 'lost' | 'slow' | 'refused' | 'closed';

/** The time for which a replica shares with others. The same object is in its start event and in its end event. */
export interface Membership {
  /** How long the replica was alone before, in milliseconds. */
  readonly aloneMs: number;
}

/** What happens between a replica and Redis. Listeners run at once, so they must neither wait nor throw. */
export interface ReplicasEvents {
  /** The replica has joined the others: what it knows of them may be old, and what it had told them may be gone. */
  joined: [membership: Membership];
  /** It is alone from now on. */
  left: [membership: Membership, end: { readonly reason: AloneReason; readonly durationMs: number }];
  /** It is still alone: a try to join failed. `code` is Redis's or the network's, such as `WRONGPASS`. */
  joinFailed: [reason: AloneReason, code: string];
  /** The replica has renewed its lease. It is a time to renew others. */
  renewed: [];
  /** There are more or fewer live replicas than before. This one is counted. */
  replicasChanged: [replicas: number];
  /** A command has ended. `name` is one of a few. */
  commandEnd: [name: string, durationMs: number, outcome: CommandOutcome];
}

/** `late`: it had no answer within its deadline. */
export type CommandOutcome = 'ok' | 'late' | 'error';

export type ReplicasEmitter = EventEmitter<ReplicasEvents>;
